import { describe, expect, it } from 'vitest'
import { MemoryBus } from '../../../../lib/fleet/bus/memory-bus.ts'
import { EventClock } from '../../../../lib/fleet/simulation/event-clock.ts'
import { fleetBusConformance } from '../../../support/fleet-bus-conformance.ts'

fleetBusConformance('the bus in memory', async () => {
  const clock = new EventClock()
  const bus = new MemoryBus(clock)
  return {
    reportAge: bus.reportAge,
    leaseAge: bus.leaseAge,
    connect: async () => bus.connect(),
    pass: (milliseconds) => clock.sleepUntil(clock.now() + milliseconds),
    cut: async () => bus.cut(),
    mend: async () => bus.mend(),
    release: async () => {},
  }
})

describe('the bus in memory', () => {
  it('is cut off from one program and not from the others', async () => {
    const bus = new MemoryBus(new EventClock())
    const [one, other] = [bus.connect(), bus.connect()]
    one.cut()
    await expect(one.reports()).rejects.toMatchObject({ code: 'ERR_FLEET_BUS' })
    expect(await other.reports()).toEqual([])
    one.mend()
    expect(await one.reports()).toEqual([])
  })
})
