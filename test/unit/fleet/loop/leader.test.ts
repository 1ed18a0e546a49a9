import { describe, expect, it } from 'vitest'
import { MemoryBus } from '../../../../lib/fleet/bus/memory-bus.ts'
import { type LeaderEvent, type LeaderOptions, runLeader } from '../../../../lib/fleet/loop/leader.ts'
import type { HostReport } from '../../../../lib/fleet/report/host-report.ts'
import { EventClock } from '../../../../lib/fleet/simulation/event-clock.ts'
import type { FleetTick } from '../../../../lib/fleet/tick/fleet-tick.ts'
import { body } from '../agent/fixtures.ts'
import { once } from './fixtures.ts'

const reportOf = (host: string): HostReport => ({
  ...body,
  version: 1,
  host,
  name: host,
  instance: host,
  sequence: 0,
  answers: { key: true },
  guests: host === 'host-a' ? [{ ...body.guests[0]!, requirement: 'key' }] : [],
})

/** A leader of two hosts, and what it told; `until` ends it. */
function leaderOn(bus: MemoryBus, clock: EventClock, more: Partial<LeaderOptions> = {}) {
  const connection = bus.connect()
  const told: LeaderEvent[] = []
  const ticks: FleetTick[] = []
  const ending = new AbortController()
  const done = (async () => {
    const options = {
      policy: once([]),
      bus: connection,
      clock,
      holder: { host: 'host-a', instance: 'i' },
      signal: ending.signal,
      listener: (event: LeaderEvent) => told.push(event),
      ...more,
    }
    for await (const tick of runLeader(options)) ticks.push(tick)
  })()
  const keepReporting = async () => {
    for (let i = 0; i < 100; i++) {
      for (const host of ['host-a', 'host-b'])
        bus.reports.set(host, { report: reportOf(host), at: clock.now() })
      await clock.sleepUntil(clock.now() + 5_000)
    }
  }
  void keepReporting()
  const pass = (milliseconds: number) => clock.sleepUntil(clock.now() + milliseconds)
  return { connection, told, ticks, ending, done, pass }
}

describe('the leader', () => {
  it('leaves what is asked for while it answers what was asked before', async () => {
    const clock = new EventClock()
    const bus = new MemoryBus(clock)
    const { connection, ending, done, pass } = leaderOn(bus, clock)
    const { uuid } = body.guests[0]!
    const request = (to: string, since: number) => ({ to, since, by: 'somebody' })
    await connection.settings.update((settings) => ({ ...settings, moves: { [uuid]: request('host-a', 1) } }))
    const remember = connection.remember.bind(connection)
    // The next request comes when the round is decided, and before its request is taken out.
    const update = connection.settings.update.bind(connection.settings)
    let isFirst = true
    connection.settings.update = async (change) => {
      if (isFirst) {
        isFirst = false
        await update((settings) => ({ ...settings, moves: { [uuid]: request('host-b', 2) } }))
      }
      return update(change)
    }
    connection.remember = async (tick) => {
      ending.abort()
      await remember(tick)
    }
    await pass(30_000)
    await done
    expect((await connection.settings.read()).moves).toEqual({ [uuid]: request('host-b', 2) })
  })

  it('gives its lease back when it ends', async () => {
    const clock = new EventClock()
    const bus = new MemoryBus(clock)
    const { ending, done, pass, told } = leaderOn(bus, clock)
    await pass(12_000)
    expect(bus.lease).toMatchObject({ host: 'host-a', instance: 'i' })
    expect(told).toMatchObject([{ kind: 'leading', lease: { revision: 1 } }])
    ending.abort()
    await done
    expect(bus.lease).toBeUndefined()
    clock.stop()
  })

  it('says once that it follows, and leads when the other has gone', async () => {
    const clock = new EventClock()
    const bus = new MemoryBus(clock)
    bus.takeLease({ host: 'host-z', instance: 'z' })
    const { told, ticks, pass } = leaderOn(bus, clock)
    await pass(9_000)
    expect(told).toMatchObject([{ kind: 'following', lease: { host: 'host-z' } }])
    expect(ticks).toEqual([])
    await pass(10_000)
    expect(told.at(-1)).toMatchObject({ kind: 'leading', lease: { revision: 2 } })
    expect(ticks.length).toBeGreaterThan(0)
    clock.stop()
  })

  it('orders nothing when it finds just then that another leads', async () => {
    const clock = new EventClock()
    const bus = new MemoryBus(clock)
    const policy = once([{ guest: 'web', to: 'host-b' }])
    const { connection, ticks, pass } = leaderOn(bus, clock, { policy })
    const open = connection.open.bind(connection)
    connection.open = async () => {
      if (clock.now() >= 15_000 && bus.lease) {
        bus.releaseLease(bus.lease)
        bus.takeLease({ host: 'host-z', instance: 'z' })
      }
      return open()
    }
    await pass(35_000)
    expect(bus.deliveries).toEqual([])
    expect(ticks.flatMap(({ ordered }) => ordered)).toEqual([])
    clock.stop()
  })

  it('leads no longer than its lease lasts when the bus is away', async () => {
    const clock = new EventClock()
    const bus = new MemoryBus(clock)
    const { told, ticks, pass } = leaderOn(bus, clock)
    await pass(12_000)
    bus.cut()
    await pass(15_000)
    const before = ticks.length
    expect(told.filter(({ kind }) => kind === 'failed').length).toBeGreaterThan(0)
    bus.mend()
    await pass(12_000)
    // It asked for the lease anew, and has another one.
    expect(told.at(-1)).toMatchObject({ kind: 'leading', lease: { revision: 2 } })
    expect(ticks.length).toBeGreaterThan(before)
    clock.stop()
  })

  it('ends to lead when its lease cannot be renewed, though all else can be read', async () => {
    const clock = new EventClock()
    const bus = new MemoryBus(clock)
    const { connection, ticks, pass } = leaderOn(bus, clock)
    await pass(12_000)
    connection.lease = async () => {
      throw new Error('the bucket is full')
    }
    const last = clock.now()
    await pass(60_000)
    expect(ticks.length).toBeGreaterThan(0)
    expect(Math.max(...ticks.map(({ view }) => view.time))).toBeLessThanOrEqual(last + bus.leaseAge)
    clock.stop()
  })

  it('remembers what happened, and little of what did not', async () => {
    const clock = new EventClock()
    const bus = new MemoryBus(clock)
    const { ticks, pass } = leaderOn(bus, clock)
    await pass(400_000)
    expect(ticks.length).toBeGreaterThan(35)
    expect(bus.ticks).toHaveLength(1)
    clock.stop()
    const other = new EventClock()
    const busy = new MemoryBus(other)
    const leader = leaderOn(busy, other, { policy: once([{ guest: 'web', to: 'host-b' }]) })
    await leader.pass(120_000)
    expect(busy.ticks.length).toBeGreaterThan(1)
    expect(busy.ticks.every((tick) => !('view' in (tick as object)))).toBe(true)
    other.stop()
  })

  it('goes on when the history cannot be written, and does not when an order cannot', async () => {
    const clock = new EventClock()
    const bus = new MemoryBus(clock)
    const { connection, ticks, told, pass } = leaderOn(bus, clock, {
      policy: once([{ guest: 'web', to: 'host-b' }]),
    })
    connection.remember = async () => {
      throw new Error('the stream is full')
    }
    connection.order = async () => {
      throw new Error('the stream is full')
    }
    await pass(15_000)
    expect(ticks.map(({ fence }) => fence)).toEqual([1, 1])
    await pass(20_000)
    // What it decided was not written down: it begins anew, and knows only what is on the bus.
    expect(told.filter(({ kind }) => kind === 'leading').length).toBeGreaterThan(1)
    expect(ticks.flatMap(({ ordered }) => ordered)).toEqual([])
    clock.stop()
  })

  it('knows of orders that nobody begins: after a minute it takes them back', async () => {
    const clock = new EventClock()
    const bus = new MemoryBus(clock)
    const { pass } = leaderOn(bus, clock, { policy: once([{ guest: 'web', to: 'host-b' }]) })
    await pass(120_000)
    const orders = bus.deliveries.map(({ order }) => order)
    expect(orders.map(({ kind }) => kind)).toEqual(['migrate', 'abort'])
    expect(orders[1]).toMatchObject({ of: orders[0]!.id, host: 'host-a', by: 'not begun in time' })
    clock.stop()
  })
})
