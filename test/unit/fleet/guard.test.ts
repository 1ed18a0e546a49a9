import { describe, expect, it } from 'vitest'
import { guardPlan } from '../../../lib/fleet/guard/guard.ts'
import type { FleetPlan, Step } from '../../../lib/fleet/plan/step.ts'
import type { FleetInput } from '../../../lib/fleet/view/fleet-input.ts'
import type { FleetRules } from '../../../lib/fleet/view/fleet-rules.ts'
import { GiB } from '../../../lib/util/units.ts'
import { type HostSketch, inputOf, uuidOf, viewOf } from '../../support/fleet/fleets.ts'

function step(guest: number, from: number, to: number, after: readonly number[] = []): Step {
  const figures = { delay: 0, load: 0, committed: 0 }
  return {
    guest: uuidOf('guest', guest),
    from: uuidOf('host', from),
    to: uuidOf('host', to),
    guestName: `g${guest}`,
    fromName: `h${from}`,
    toName: `h${to}`,
    after,
    cost: { bytes: 0, duration: 0, downtime: 0 },
    predicted: { from: figures, to: figures },
    reason: { kind: 'leave-host', host: `h${from}` },
  }
}

function guarded(
  hosts: readonly HostSketch[],
  steps: readonly Step[],
  rules: FleetRules = {},
  more: Partial<FleetInput> = {},
) {
  const plan: FleetPlan = { steps, reason: { kind: 'no-fleet' }, alternatives: [] }
  return guardPlan(viewOf(hosts, rules, more), plan)
}

/** Why the first step is denied; undefined: it is not. */
function denied(...given: Parameters<typeof guarded>): string | undefined {
  return guarded(...given).denied[0]?.reason.kind
}

const one = { guests: [{}] }

describe('the guard of a fleet', () => {
  it('lets a step pass that fits', () => {
    expect(guarded([one, {}], [step(0, 0, 1)])).toMatchObject({ denied: [], begin: [0], waiting: [] })
  })

  it.each<[string, readonly HostSketch[], Step, FleetRules]>([
    ['unknown-guest', [one, {}], step(7, 0, 1), {}],
    ['unknown-host', [one, {}], step(0, 0, 7), {}],
    ['not-there', [one, {}, {}], step(0, 1, 2), {}],
    ['same-host', [one, {}], step(0, 0, 0), {}],
    ['guest-stays', [{ guests: [{ stays: ['a device'] }] }, {}], step(0, 0, 1), {}],
    ['guest-stays', [one, {}], step(0, 0, 1), { never: ['g*'] }],
    ['guest-stays', [{ guests: [{ running: false }] }, {}], step(0, 0, 1), {}],
    ['guest-stays', [{ guests: [{ requirement: null }] }, {}], step(0, 0, 1), {}],
    ['host-held', [one, { dryRun: true }], step(0, 0, 1), {}],
    ['host-held', [{ ...one, dryRun: true }, {}], step(0, 0, 1), {}],
    ['host-held', [one, { bandwidth: 0 }], step(0, 0, 1), {}],
    ['not-pinned-there', [one, {}], step(0, 0, 1), { pinned: [{ guests: 'g0', hosts: ['h0'] }] }],
    ['must-be-apart', [one, one], step(0, 0, 1), { apart: [{ guests: 'g*' }] }],
    ['must-be-together', [{ guests: [{}, {}] }, {}], step(0, 0, 1), { together: [{ guests: 'g*' }] }],
    ['cannot-run-there', [one, { answers: { usual: 'its CPU is older' } }], step(0, 0, 1), {}],
    ['not-answered', [one, { answers: {} }], step(0, 0, 1), {}],
    ['no-room', [{ guests: [{ memory: 8 }] }, { budget: 8 }], step(0, 0, 1), {}],
    ['no-huge-pages', [{ guests: [{ hugePages: 2 }] }, { hugePagesFree: 1 }], step(0, 0, 1), {}],
    ['never-converges', [{ guests: [{ dirtyRate: GiB }] }, {}], step(0, 0, 1), {}],
    ['takes-too-long', [{ guests: [{ memory: 16 }] }, { bandwidth: 2 ** 20 }], step(0, 0, 1), {}],
    [
      'no-host-to-spare',
      [
        { budget: 10, guests: [{ memory: 4 }] },
        { budget: 7.2, guests: [{ memory: 3 }] },
      ],
      step(1, 1, 0),
      { surviveHost: true },
    ],
  ])('denies a step: %s', (kind, hosts, given, rules) => {
    expect(denied(hosts, [given], rules)).toBe(kind)
  })

  it('allows what only soft rules are against', () => {
    const rules = { apart: [{ guests: 'g*', hard: false }] }
    expect(denied([one, one], [step(0, 0, 1)], rules)).toBeUndefined()
  })

  it('does not count on room that only a step frees which it does not wait for', () => {
    const full = { budget: 10, guests: [{ memory: 8 }] }
    const hosts = [full, full, { budget: 20 }]
    expect(guarded(hosts, [step(1, 1, 2), step(0, 0, 1, [0])]).denied).toEqual([])
    expect(guarded(hosts, [step(1, 1, 2), step(0, 0, 1)]).denied.map(({ reason }) => reason.kind)).toEqual([
      'no-room',
    ])
  })

  it('counts two that come to one host', () => {
    const hosts = [{ guests: [{ memory: 5 }, { memory: 5 }] }, { budget: 8 }]
    const { plan, denied: no } = guarded(hosts, [step(0, 0, 1), step(1, 0, 1)])
    expect(plan.steps.map(({ guestName }) => guestName)).toEqual(['g0'])
    expect(no.map(({ step: { guestName }, reason }) => [guestName, reason.kind])).toEqual([['g1', 'no-room']])
  })

  it('denies what waits for a denied step, and numbers the others anew', () => {
    const hosts = [{ guests: [{}, {}, {}] }, {}, {}]
    const { plan, denied: no } = guarded(hosts, [
      step(0, 0, 0),
      step(1, 0, 1),
      step(2, 0, 2, [1]),
      step(0, 0, 1, [0]),
    ])
    expect(no.map(({ reason }) => reason.kind)).toEqual(['same-host', 'follows-denied'])
    expect(plan.steps.map(({ guestName, after }) => [guestName, ...after])).toEqual([['g1'], ['g2', 0]])
  })

  it('lets so many begin as may be under way, and says why others wait', () => {
    const hosts = [{ guests: [{}, {}] }, { guests: [{}] }, { guests: [{}] }, {}, {}, {}]
    const steps = [step(0, 0, 3), step(1, 0, 4), step(2, 1, 3), step(3, 2, 5)]
    const { begin, waiting } = guarded(hosts, steps, { parallel: { all: 3 } })
    expect(begin).toEqual([0, 3])
    expect(waiting.map(({ step: index, reason }) => [index, reason.kind])).toEqual([
      [1, 'enough-migrations'],
      [2, 'enough-migrations'],
    ])
    expect(guarded(hosts, steps, { parallel: { all: 1 } }).begin).toEqual([0])
    expect(guarded(hosts, steps, { parallel: { all: 9, out: 2, in: 2 } }).begin).toEqual([0, 1, 2, 3])
  })

  it('counts migrations that another program began', () => {
    const foreign = { guest: uuidOf('guest', 1), name: 'g1', direction: 'out', elapsed: 1_000 } as const
    const hosts = [{ guests: [{}, {}], migrations: [foreign] }, {}]
    expect(guarded(hosts, [step(0, 0, 1)]).begin).toEqual([])
    expect(denied(hosts, [step(1, 0, 1)])).toBe('guest-stays')
  })

  it('begins nothing outside of the hours', () => {
    const wallTime = new Date(2026, 0, 1, 12).getTime()
    expect(guarded([one, {}], [step(0, 0, 1)], { hours: ['22:00-06:00'] }, { wallTime }).begin).toEqual([])
    expect(guarded([one, {}], [step(0, 0, 1)], { hours: ['11:00-13:00'] }, { wallTime }).begin).toEqual([0])
  })

  it('lets a cool-down hold up a move, and none off a host in maintenance', () => {
    const at = inputOf([]).wallTime - 60_000
    const past = [
      {
        guest: uuidOf('guest', 0),
        from: uuidOf('host', 1),
        to: uuidOf('host', 0),
        at,
        outcome: 'done' as const,
      },
    ]
    expect(denied([one, {}], [step(0, 0, 1)], {}, { past })).toBe('guest-stays')
    const settings = { draining: { [uuidOf('host', 0)]: { since: 0, by: 'me' } } }
    expect(denied([one, {}], [step(0, 0, 1)], {}, { past, settings })).toBeUndefined()
  })
})
