import { describe, expect, it } from 'vitest'
import { MemoryBus } from '../../../../lib/fleet/bus/memory-bus.ts'
import { EventClock } from '../../../../lib/fleet/simulation/event-clock.ts'
import { agentOn, HeldMigrator, migrateOrder } from './fixtures.ts'

describe("an agent's orders", () => {
  it('are begun, followed and told', async () => {
    const { connection, migrator, events, pass } = agentOn({})
    await pass(1)
    await connection.order(migrateOrder('o1'))
    await pass(1)
    migrator.tellProgress?.({ elapsed: 1, memoryRemaining: 100 })
    migrator.tellProgress?.({ elapsed: 2, memoryRemaining: 90 })
    await pass(5_000)
    migrator.tellProgress?.({ elapsed: 5_002, memoryRemaining: 10 })
    migrator.finish()
    await pass(1)
    expect(events()).toEqual([
      { order: 'o1', host: 'host-a', state: 'begun' },
      { order: 'o1', host: 'host-a', state: 'progress', progress: { elapsed: 1, memoryRemaining: 100 } },
      { order: 'o1', host: 'host-a', state: 'progress', progress: { elapsed: 5_002, memoryRemaining: 10 } },
      { order: 'o1', host: 'host-a', state: 'done', result: { elapsed: 2_000, downtime: 40 } },
    ])
    expect(await connection.open()).toEqual([])
  })

  it('are told to have failed, with the code', async () => {
    const { connection, migrator, events, pass } = agentOn({})
    await pass(1)
    await connection.order(migrateOrder('o1'))
    await pass(1)
    migrator.fail('ERR_MIGRATION')
    await pass(1)
    expect(events().at(-1)).toMatchObject({ state: 'failed', error: { code: 'ERR_MIGRATION' } })
  })

  it('are done once, however often they are delivered', async () => {
    const { connection, bus, migrator, events, pass } = agentOn({})
    await pass(1)
    const order = migrateOrder('o1')
    await connection.order(order)
    await pass(1)
    const [taker] = bus.takers
    const again = () => taker!.handOver({ order, takenBy: new Set() })
    again()
    await pass(5_000)
    expect(migrator.requests).toHaveLength(1)
    expect(events().map(({ state }) => state)).toEqual(['begun'])
    migrator.finish()
    await pass(1)
    // Nobody has heard that it is over.
    bus.events.delete('o1')
    again()
    await pass(1)
    expect(migrator.requests).toHaveLength(1)
    expect(bus.events.get('o1')?.map(({ state }) => state)).toEqual(['done'])
  })

  it('are done once when they are delivered twice at once', async () => {
    const { connection, bus, migrator, events, pass } = agentOn({})
    await pass(1)
    const order = migrateOrder('o1')
    const [taker] = bus.takers
    await connection.order(order)
    taker!.handOver({ order, takenBy: new Set() })
    await pass(5_000)
    expect(migrator.requests).toHaveLength(1)
    expect(events().map(({ state }) => state)).toEqual(['begun'])
  })

  it('are refused under a lease that is older than one that was seen', async () => {
    const { connection, migrator, events, pass } = agentOn({})
    await pass(1)
    await connection.order(migrateOrder('o5', 5))
    await pass(1)
    await connection.order(migrateOrder('o4', 4))
    await pass(1)
    expect(migrator.requests).toHaveLength(1)
    expect(events().at(-1)).toMatchObject({
      order: 'o4',
      state: 'refused',
      error: { code: 'ERR_ORDER_REFUSED' },
    })
  })

  it('are refused when somebody else leads by now, as the bus says', async () => {
    const { connection, bus, clock, migrator, pass } = agentOn({})
    await pass(1)
    const first = await connection.lease({ host: 'h1', instance: 'i' })
    await connection.release(first!)
    await connection.lease({ host: 'h2', instance: 'j' })
    await connection.order(migrateOrder('o1', first!.revision))
    await clock.sleepUntil(clock.now() + 1)
    expect(migrator.requests).toEqual([])
    expect(bus.events.get('o1')?.map(({ state }) => state)).toEqual(['refused'])
  })

  it('are refused by a host that only watches', async () => {
    const { connection, migrator, events, pass } = agentOn({ dryRun: true })
    await pass(1)
    await connection.order(migrateOrder('o1'))
    await pass(1)
    expect(migrator.requests).toEqual([])
    expect(events()).toMatchObject([{ state: 'refused' }])
  })

  it('end at their deadline', async () => {
    const { connection, events, pass } = agentOn({})
    await pass(1)
    await connection.order(migrateOrder('o1'))
    await pass(59_000)
    expect(events()).toHaveLength(1)
    await pass(2_000)
    expect(events().at(-1)).toMatchObject({ state: 'failed', error: { code: 'ERR_MIGRATION_ABORTED' } })
  })

  it('have an unknown outcome when nothing ends them', async () => {
    const { connection, migrator, events, pass } = agentOn({})
    migrator.heedsAborts = false
    await pass(1)
    await connection.order(migrateOrder('o1'))
    await pass(89_000)
    expect(events()).toHaveLength(1)
    await pass(2_000)
    expect(events().at(-1)).toMatchObject({ state: 'failed', error: { code: 'ERR_MIGRATION_UNKNOWN' } })
  })

  it('are ended by another order', async () => {
    const { connection, events, pass } = agentOn({})
    await pass(1)
    await connection.order(migrateOrder('o1'))
    await pass(1)
    await connection.order({
      id: 'o2',
      fence: 1,
      host: 'host-a',
      kind: 'abort',
      of: 'o1',
      tick: 1,
      by: 'ann',
    })
    await pass(1)
    expect(events().map(({ order, state }) => [order, state])).toEqual([
      ['o1', 'begun'],
      ['o2', 'done'],
      ['o1', 'failed'],
    ])
    expect(events().at(-1)?.error).toEqual({ code: 'ERR_MIGRATION_ABORTED', message: 'ann ended it' })
    expect(await connection.open()).toEqual([])
  })

  it('go on while the bus is gone, and are told when it is back', async () => {
    const { connection, bus, migrator, pass } = agentOn({})
    await pass(1)
    await connection.order(migrateOrder('o1'))
    await pass(1)
    bus.cut()
    migrator.finish()
    await pass(10_000)
    expect(bus.events.get('o1')?.map(({ state }) => state)).toEqual(['begun'])
    bus.mend()
    await pass(30_000)
    expect(bus.events.get('o1')?.map(({ state }) => state)).toEqual(['begun', 'done'])
  })

  it('are not begun before that is told', async () => {
    const { connection, bus, migrator, pass } = agentOn({})
    await pass(1)
    const { tell } = connection
    let refusals = 0
    connection.tell = async (event) => {
      if (refusals++ < 2) throw new Error('the stream is full')
      return tell.call(connection, event)
    }
    await connection.order(migrateOrder('o1'))
    await pass(1)
    expect(migrator.requests).toEqual([])
    await pass(5_000)
    expect(migrator.requests).toHaveLength(1)
    expect(bus.events.get('o1')?.map(({ state }) => state)).toEqual(['begun'])
  })

  it('do not keep their agent from ending while the bus is gone', async () => {
    const { agent, bus, connection, pass } = agentOn({})
    await pass(1)
    await connection.order(migrateOrder('o1'))
    await pass(1)
    bus.cut()
    await agent[Symbol.asyncDispose]()
    expect(bus.events.get('o1')?.map(({ state }) => state)).toEqual(['begun'])
  })

  it('end with their agent, and the guest stays', async () => {
    const { agent, connection, bus, pass } = agentOn({})
    await pass(1)
    await connection.order(migrateOrder('o1'))
    await pass(1)
    await agent[Symbol.asyncDispose]()
    expect(bus.events.get('o1')?.at(-1)).toMatchObject({
      state: 'failed',
      error: { code: 'ERR_MIGRATION_ABORTED' },
    })
  })
})

describe('an agent that comes anew in the middle of a migration', () => {
  async function killedAfterBegin() {
    const clock = new EventClock()
    const bus = new MemoryBus(clock)
    const before = agentOn({ bus, clock })
    await before.pass(1)
    await before.connection.order(migrateOrder('o1'))
    await before.pass(1)
    // Killed: nothing of it is heard any more.
    before.connection.cut()
    bus.takers.clear()
    return { clock, bus }
  }

  it('waits for it, and says that it is done when the guest is gone', async () => {
    const { clock, bus } = await killedAfterBegin()
    const migrator = new HeldMigrator()
    migrator.underWay = { elapsed: 5_000, memoryRemaining: 7 }
    const { events, pass } = agentOn({ bus, clock, migrator })
    await pass(3_000)
    expect(events().map(({ state }) => state)).toEqual(['progress'])
    migrator.underWay = undefined
    migrator.here = false
    await pass(2_000)
    expect(events().map(({ state }) => state)).toEqual(['progress', 'done'])
    expect(migrator.requests).toEqual([])
  })

  it('says that it failed when the guest is here', async () => {
    const { clock, bus } = await killedAfterBegin()
    const { events, migrator, pass } = agentOn({ bus, clock })
    await pass(2_000)
    expect(events()).toMatchObject([{ state: 'failed', error: { code: 'ERR_MIGRATION' } }])
    expect(migrator.requests).toEqual([])
  })

  it('ends it at its deadline', async () => {
    const { clock, bus } = await killedAfterBegin()
    const migrator = new HeldMigrator()
    migrator.underWay = { elapsed: 5_000 }
    const { events, pass } = agentOn({ bus, clock, migrator })
    await pass(62_000)
    expect(migrator.aborts).toEqual(['guest-1'])
    expect(events().at(-1)).toMatchObject({ state: 'failed' })
  })
})
