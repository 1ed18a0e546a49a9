import { afterAll, beforeAll, expect, it } from 'vitest'
import type { FleetBus } from '../../lib/fleet/bus/fleet-bus.ts'
import { connectNats } from '../../lib/fleet/nats/connection.ts'
import { natsBus } from '../../lib/fleet/nats/nats-bus.ts'
import { eventually } from '../libvirt/eventually.ts'
import { freePort } from '../support/free-port.ts'
import { NatsServer } from '../support/nats.ts'
import { orderOf, reportOf } from './examples.ts'

const servers: NatsServer[] = []

beforeAll(async () => {
  const ports = await Promise.all([freePort(), freePort(), freePort()])
  const routes = ports.map((port) => `"nats://127.0.0.1:${port}"`).join(', ')
  for (const [i, port] of ports.entries()) {
    const configuration = `server_name: n${i}\ncluster { name: c, listen: "127.0.0.1:${port}", routes: [${routes}] }\n`
    servers.push(await NatsServer.start({ configuration }))
  }
})
afterAll(async () => {
  await Promise.all(servers.map((server) => server[Symbol.asyncDispose]()))
})

it('what a fleet shares survives the loss of one server of three', async () => {
  const addresses = { servers: servers.map(({ address }) => address) }
  // The cluster has to find itself first.
  const bus: FleetBus = await eventually(() => natsBus(addresses))
  try {
    await bus.report(reportOf('a'))
    const lease = await bus.lease({ host: 'a', instance: 'i' })
    await bus.order(orderOf('1', 'a'))
    const { connection, manager } = await connectNats(addresses)
    const { cluster, config } = await manager.streams.info('ballast_default_orders')
    await connection.close()
    expect(config.num_replicas).toBe(3)
    const lost = servers[Number(cluster?.leader?.slice(1))]!
    await lost.end('SIGKILL')
    await eventually(async () => {
      expect((await bus.open()).map(({ order }) => order.id)).toEqual(['1'])
      const renewed = await bus.lease({ host: 'a', instance: 'i' })
      expect(renewed!.revision).toBeGreaterThanOrEqual(lease!.revision)
      await bus.report(reportOf('b'))
      expect((await bus.reports()).map(({ report }) => report.host)).toContain('b')
    })
  } finally {
    await bus[Symbol.asyncDispose]()
  }
})
