import { setTimeout as sleep } from 'node:timers/promises'
import type { FleetBus } from '../../lib/fleet/bus/fleet-bus.ts'
import { natsBus } from '../../lib/fleet/nats/nats-bus.ts'
import { fleetBusConformance } from '../support/fleet-bus-conformance.ts'
import { NatsServer } from '../support/nats.ts'

const ages = { reportAge: 1_500, leaseAge: 1_000 }

fleetBusConformance('NATS', async () => {
  const server = await NatsServer.start()
  const buses: FleetBus[] = []
  return {
    ...ages,
    connect: async () => {
      const bus = await natsBus({ servers: [server.address], ...ages })
      buses.push(bus)
      return bus
    },
    pass: (milliseconds) => sleep(milliseconds),
    cut: () => server.end(),
    mend: () => server.restart(),
    release: async () => {
      await Promise.all(buses.map((bus) => bus[Symbol.asyncDispose]()))
      await server[Symbol.asyncDispose]()
    },
  }
})
