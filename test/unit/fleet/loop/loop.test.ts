import { describe, expect, it } from 'vitest'
import { fleetSentenceOf } from '../../../../lib/fleet/reasons/fleet-reasons.ts'
import type { FleetView } from '../../../../lib/fleet/view/fleet-view.ts'
import { GiB } from '../../../../lib/util/units.ts'
import { busyGuests, lopsided, movesOf, once, play, wherePlayed } from './fixtures.ts'

describe('the leader of a fleet', () => {
  it('moves guests one after the other, looks what came of each, and rests', async () => {
    const { fleet, ticks } = await play(lopsided(), { rounds: 120 })
    expect(movesOf(ticks)).toHaveLength(3)
    const results = ticks.flatMap((tick) => tick.results)
    expect(results.map(({ verdict }) => verdict)).toEqual(['helped', 'helped', 'helped'])
    expect(results.at(-1)!.seen).toMatchObject({
      from: { delay: 0, load: 0.675 },
      to: { delay: 0, load: 0.675 },
    })
    expect(fleet.migrations.every(({ outcome, isOrdered }) => outcome === 'done' && isOrdered)).toBe(true)
    // One at a time, and none before it is known what came of the one before.
    for (const [i, { began }] of fleet.migrations.entries()) {
      if (i > 0) expect(began).toBeGreaterThan(fleet.migrations[i - 1]!.ended + 20_000)
    }
    const lastAct = ticks.findLastIndex(({ ordered }) => ordered.length > 0)
    expect(ticks.length - lastAct).toBeGreaterThan(90)
    expect(fleet.overfilled).toBe(0)
  })

  it('begins what is independent at once', async () => {
    const guests = [...busyGuests(1, 'a'), ...busyGuests(1, 'b')]
    const hosts = ['a', 'b', 'c', 'd'].map((name) => ({ name, pcpus: 4, memory: 64 * GiB }))
    const policy = once([
      { guest: 'a-0', to: 'c' },
      { guest: 'b-0', to: 'd' },
    ])
    const { ticks } = await play({ hosts, guests }, { rounds: 10, policy })
    expect(ticks.map(({ ordered }) => ordered.length).filter((count) => count > 0)).toEqual([2])
  })

  it('goes on from a host with another step, while it is looked at what came of one at the target of the first', async () => {
    const guests = [
      ...busyGuests(3, 'a', GiB),
      ...busyGuests(1, 'b', 4 * GiB).map((guest) => ({ ...guest, need: 4 * GiB })),
    ]
    const hosts = ['a', 'b', 'c', 'd', 'e'].map((name) => {
      return { name, pcpus: 4, memory: 64 * GiB, ...(name === 'b' && { bandwidth: 0.25e9 }) }
    })
    const figures = { delay: 1, load: 1, committed: 0 }
    const policy = once(
      [
        { guest: 'b-0', to: 'c' },
        { guest: 'a-0', to: 'd' },
        { guest: 'a-1', to: 'c' },
        { guest: 'a-2', to: 'e' },
      ],
      { from: figures, to: figures },
    )
    const { ticks } = await play({ hosts, guests }, { rounds: 20, policy })
    expect(movesOf(ticks)).toEqual(['b-0 b>c', 'a-0 a>d', 'a-2 a>e', 'a-1 a>c'])
  })

  it('begins a step when those that it waits for are done, and not before', async () => {
    const hosts = ['a', 'b', 'c'].map((name) => ({
      name,
      pcpus: 4,
      memory: 10 * GiB,
      reserve: GiB,
      bandwidth: 0.2e9,
    }))
    const guests = [...busyGuests(1, 'a', 8 * GiB), ...busyGuests(1, 'b', 8 * GiB)]
    const policy = once(
      [
        { guest: 'b-0', to: 'c' },
        { guest: 'a-0', to: 'b', after: [0] },
      ],
      {},
      { kind: 'leave-host', host: 'a' },
    )
    const played = await play({ hosts, guests }, { rounds: 30, policy })
    const [first, second] = played.fleet.migrations
    expect(first).toMatchObject({ guest: 'b-0', to: 'c' })
    expect(second).toMatchObject({ guest: 'a-0', to: 'b' })
    expect(second!.began).toBeGreaterThan(first!.ended)
    expect(played.fleet.overfilled).toBe(0)
  })

  it('looks again whether a step fits, and ends a plan when one does not any more', async () => {
    const hosts = ['a', 'b'].map((name) => ({ name, pcpus: 8, memory: 16 * GiB, reserve: GiB }))
    const guests = [
      ...busyGuests(3, 'a', 3 * GiB),
      { ...busyGuests(1, 'a', GiB)[0]!, name: 'small' },
      {
        name: 'grows',
        host: 'b',
        demand: { kind: 'steady', demand: 0 },
        memory: 12 * GiB,
        need: 2 * GiB,
      } as const,
    ]
    const changes = [{ at: 25_000, kind: 'need', guest: 'grows', need: 8 * GiB }] as const
    const asNow = { delay: 0, load: 1, committed: 0 }
    const policy = once(
      [
        { guest: 'a-0', to: 'b' },
        { guest: 'a-1', to: 'b' },
        { guest: 'a-2', to: 'b', after: [1] },
        // It would fit, and was planned for another fleet than it is by then.
        { guest: 'small', to: 'b' },
      ],
      { from: asNow, to: asNow },
    )
    const played = await play({ hosts, guests, changes }, { rounds: 30, policy })
    expect(movesOf(played.ticks)).toEqual(['a-0 a>b'])
    const denied = played.ticks.flatMap((tick) => tick.denied)
    expect(denied.map(({ step, reason }) => [step.guestName, reason.kind])).toEqual([
      ['a-1', 'no-room'],
      ['a-2', 'follows-denied'],
    ])
    expect(played.fleet.overfilled).toBe(0)
  })

  it('stops when a step did not help, and makes none for balance for five minutes', async () => {
    const policy = once(
      [
        { guest: 'a-0', to: 'b' },
        { guest: 'a-1', to: 'b' },
      ],
      { from: { delay: 0, load: 0, committed: 0 } },
    )
    // Both hosts are far from what is predicted, and nobody waits less: there is a pCPU for each.
    const { ticks } = await play(
      lopsided({ hosts: ['a', 'b'].map((name) => ({ name, pcpus: 8, memory: 64 * GiB })) }),
      { rounds: 20, policy },
    )
    expect(ticks.flatMap((tick) => tick.results).map(({ verdict }) => verdict)).toEqual(['no-help'])
    expect(movesOf(ticks)).toEqual(['a-0 a>b'])
    const again = await play(
      lopsided({
        changes: [{ at: 150_000, kind: 'demand', guest: 'a-3', demand: { kind: 'steady', demand: 0.1 } }],
      }),
      { rounds: 20, policy: { ...policy, initialState: true } },
    )
    expect(movesOf(again.ticks)).toEqual([])
  })

  it('takes steps of one plan that did not help for one attempt', async () => {
    // Two at once that go nowhere near what is promised of them, again and again.
    const wanting = once([
      { guest: 'a-0', to: 'c' },
      { guest: 'b-0', to: 'd' },
    ])
    const policy = { ...wanting, decide: (view: FleetView) => wanting.decide(view, false) }
    const hosts = ['a', 'b', 'c', 'd'].map((name) => ({ name, pcpus: 8, memory: 64 * GiB }))
    const guests = [...busyGuests(1, 'a'), ...busyGuests(1, 'b')]
    const { ticks } = await play({ hosts, guests }, { rounds: 20, policy })
    expect(ticks.flatMap((tick) => tick.results).map(({ verdict }) => verdict)).toEqual([
      'no-help',
      'no-help',
    ])
    const [first] = ticks.flatMap(({ denied }) => denied.map(({ reason }) => reason))
    expect(fleetSentenceOf(first!)).toMatch(/in the next 5 min$/)
  })

  it('denies what a policy wants for balance meanwhile, and says for how long', async () => {
    const wanting = once([{ guest: 'a-0', to: 'b' }], {})
    const policy = {
      ...wanting,
      decide: (view: Parameters<typeof wanting.decide>[0]) =>
        wanting.decide(
          view,
          view.guests.some(({ name, host }) => name === 'a-0' && host.name === 'b') && view.time < 0,
        ),
    }
    const guests = [...busyGuests(2, 'a'), ...busyGuests(1, 'b')]
    const hosts = ['a', 'b'].map((name) => ({ name, pcpus: 8, memory: 64 * GiB }))
    const { ticks } = await play({ hosts, guests }, { rounds: 12, policy })
    const denied = ticks.flatMap((tick) => tick.denied.map(({ reason }) => reason))
    expect(denied.map(({ kind }) => kind)).toContain('did-not-help')
    expect(fleetSentenceOf(denied.find(({ kind }) => kind === 'did-not-help')!)).toMatch(/in the next 5 min$/)
  })

  it('takes back a step that did harm', async () => {
    // Four busy ones each have a pCPU of b; a fifth makes two of them wait.
    const policy = once([{ guest: 'a-0', to: 'b' }])
    const guests = [...busyGuests(1, 'a'), ...busyGuests(4, 'b')]
    const hosts = ['a', 'b'].map((name) => ({ name, pcpus: 4, memory: 64 * GiB }))
    const played = await play({ hosts, guests }, { rounds: 30, policy })
    expect(movesOf(played.ticks)).toEqual(['a-0 a>b', 'a-0 b>a'])
    const results = played.ticks.flatMap((tick) => tick.results)
    expect(results.map(({ verdict }) => verdict)).toEqual(['harm', 'helped'])
    expect(results[1]!.step.reason.kind).toBe('did-harm')
    expect(wherePlayed(played)['a-0']).toBe('a')
  })

  it('gives no order in a dry run, and counts no move for a cool-down', async () => {
    const { fleet, ticks } = await play(lopsided(), { rounds: 20, dryRun: true })
    expect(movesOf(ticks)).toEqual([])
    expect(fleet.migrations).toEqual([])
    const wanted = ticks.filter(({ plan }) => plan.steps.length > 0)
    expect(wanted.length).toBeGreaterThan(15)
    expect(wanted.every(({ decided, mode }) => decided && mode === 'dry run')).toBe(true)
    expect(ticks.at(-1)!.view.guests.flatMap(({ stays }) => stays)).toEqual([])
  })

  it('does nothing while it is paused, and goes on then', async () => {
    const { ticks } = await play(
      lopsided({
        changes: [
          { at: 0, kind: 'pause' },
          { at: 100_000, kind: 'go on' },
        ],
      }),
      { rounds: 30 },
    )
    const first = ticks.findIndex(({ ordered }) => ordered.length > 0)
    expect(ticks[first]!.index).toBeGreaterThanOrEqual(10)
    expect(ticks.slice(0, 10).map(({ mode }) => mode)).toEqual(Array(10).fill('paused'))
  })

  it('empties a host that is drained, and leaves it empty', async () => {
    const scenario = lopsided({
      hosts: ['a', 'b', 'c'].map((name) => ({ name, pcpus: 8, memory: 64 * GiB })),
      changes: [{ at: 5_000, kind: 'drain', host: 'a' }],
    })
    const played = await play(scenario, { rounds: 80 })
    expect(Object.values(wherePlayed(played))).not.toContain('a')
    expect(movesOf(played.ticks)).toHaveLength(6)
    expect(played.fleet.overfilled).toBe(0)
  })

  it('does what somebody asks for, once, whatever a policy wants', async () => {
    const { fleet, ticks } = await play(
      lopsided({ changes: [{ at: 5_000, kind: 'move', guest: 'a-5', to: 'b' }] }),
      { rounds: 6 },
    )
    expect(movesOf(ticks)[0]).toBe('a-5 a>b')
    expect(ticks.flatMap((tick) => tick.ordered)[0]!.step.reason).toEqual({
      kind: 'asked-for',
      by: 'operator',
    })
    expect((await fleet.bus.connect().settings.read()).moves).toEqual({})
  })

  it('does it also for a guest that was moved just before', async () => {
    const changes = [
      { at: 5_000, kind: 'move' as const, guest: 'a-5', to: 'b' },
      { at: 65_000, kind: 'move' as const, guest: 'a-5', to: 'a' },
    ]
    const { ticks } = await play(lopsided({ changes }), { rounds: 12, policy: once([]) })
    expect(movesOf(ticks)).toEqual(['a-5 a>b', 'a-5 b>a'])
    expect(ticks[6]!.view.guests.find(({ name }) => name === 'a-5')!.stays[0]!.kind).toBe('cooling-down')
  })

  it('says why what somebody asks for cannot be', async () => {
    const scenario = lopsided({ changes: [{ at: 5_000, kind: 'move', guest: 'a-5', to: 'b' }] })
    const guests = scenario.guests.map((guest) => ({ ...guest, stays: ['its owner says so'] }))
    const { fleet, ticks } = await play({ ...scenario, guests }, { rounds: 6 })
    expect(movesOf(ticks)).toEqual([])
    const [denied] = ticks.flatMap((tick) => tick.denied)
    expect(fleetSentenceOf(denied!.reason)).toBe('the guest stays where it is: its owner says so')
    expect((await fleet.bus.connect().settings.read()).moves).toEqual({})
  })

  it('goes on when its policy throws, and says so', async () => {
    const policy = {
      name: 'broken',
      initialState: undefined,
      decide: () => {
        throw new Error('division by zero')
      },
    }
    const { ticks } = await play(lopsided(), { rounds: 5, policy })
    expect(ticks).toHaveLength(5)
    expect(ticks[4]!.errors).toEqual([{ code: 'ERR_POLICY', message: 'broken: division by zero' }])
    expect(fleetSentenceOf(ticks[4]!.plan.reason)).toBe('broken failed: division by zero')
  })
})
