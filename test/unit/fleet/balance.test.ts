import { describe, expect, it } from 'vitest'
import { guardPlan } from '../../../lib/fleet/guard/guard.ts'
import type { FleetPlan } from '../../../lib/fleet/plan/step.ts'
import { balance, type FleetBalanceOptions } from '../../../lib/fleet/policies/balance.ts'
import type { FleetInput } from '../../../lib/fleet/view/fleet-input.ts'
import type { FleetRules } from '../../../lib/fleet/view/fleet-rules.ts'
import { emptyMemory, fleetView } from '../../../lib/fleet/view/make-view.ts'
import { GiB } from '../../../lib/util/units.ts'
import { carriedOut } from '../../support/fleet/carry-out.ts'
import { aged, type HostSketch, inputOf, reportsOf, uuidOf } from '../../support/fleet/fleets.ts'

/** What balance decides at once, with the guard's consent to every step. */
function planFor(
  hosts: readonly HostSketch[],
  rules: FleetRules = {},
  more: Partial<FleetInput> = {},
  options: FleetBalanceOptions = { rounds: 1 },
): FleetPlan {
  const { view } = fleetView(inputOf(hosts, { rules, ...more }), emptyMemory)
  const policy = balance(options)
  const { plan } = policy.decide(view, policy.initialState)
  expect(guardPlan(view, plan).denied).toEqual([])
  return plan
}

const busy = { demand: 1 }

describe('balance', () => {
  it('moves as few guests off a crowded host as suffice', () => {
    const plan = planFor([{ pcpus: 3, guests: Array.from({ length: 6 }, () => busy) }, { pcpus: 3 }])
    expect(plan.steps.map(({ fromName, toName }) => [fromName, toName])).toEqual([
      ['h0', 'h1'],
      ['h0', 'h1'],
      ['h0', 'h1'],
    ])
    expect(plan.steps.at(-1)!.predicted).toMatchObject({
      from: { delay: 0, load: 1 },
      to: { delay: 0, load: 1 },
    })
    expect(plan.reason).toMatchObject({
      kind: 'fleet-moves',
      delay: expect.closeTo(0.5, 5),
      reached: 0,
      steps: 3,
    })
  })

  it('waits until three rounds in a row call for it', () => {
    const { view } = fleetView(inputOf([{ pcpus: 1, guests: [busy, busy] }, { pcpus: 1 }]), emptyMemory)
    const policy = balance()
    let state = policy.initialState
    const kinds = [1, 2, 3].map(() => {
      const decided = policy.decide(view, state)
      state = decided.state
      return decided.plan.reason.kind
    })
    expect(kinds).toEqual(['fleet-waits', 'fleet-waits', 'fleet-moves'])
  })

  it('leaves a host alone whose vCPUs do not wait, whatever was predicted', () => {
    const served = { ...busy, delay: 0.01 }
    const plan = planFor(
      [{ pcpus: 1, guests: [served, served] }, { pcpus: 1 }],
      {},
      {},
      { rounds: 1, deviation: 1 },
    )
    expect(plan.steps).toEqual([])
  })

  it('makes the moves that take a step of delay off together, where the delays of hosts are seen to go in steps', () => {
    // With 18 vCPUs three share a pCPU, with 16 two: one guest less takes next to nothing off, two take the step.
    const small = (count: number, delay: number) => {
      return Array.from({ length: count }, () => ({ vcpus: 1, demand: 0.4, delay }))
    }
    const hosts = (delay: number) => [
      { pcpus: 8, guests: small(18, delay) },
      { pcpus: 8, guests: small(12, delay / 2) },
      { pcpus: 8, guests: small(12, delay / 2) },
    ]
    const options = { rounds: 1, deviation: 1 }
    const { steps, reason } = planFor(hosts(0.27), {}, {}, options)
    expect(steps.map(({ fromName, reason: { kind } }) => [fromName, kind])).toEqual([
      ['h0', 'relieve-delay'],
      ['h0', 'relieve-delay'],
    ])
    expect((reason as { reached: number }).reached).toBeLessThan(0.2)
  })

  it('tells what it weighed beside its plan: fewer steps that leave more waiting', () => {
    const guests = Array.from({ length: 12 }, () => ({ vcpus: 2, demand: 1.8 }))
    const plan = planFor([{ pcpus: 8, guests }, { pcpus: 8 }, { pcpus: 8 }])
    expect(plan.alternatives.length).toBeGreaterThan(0)
    for (const { steps, bytes, delay, reason } of plan.alternatives) {
      expect(reason).toMatchObject({ kind: 'fewer-steps', steps, delay })
      expect(steps).toBeLessThan(plan.steps.length)
      expect(delay).toBeGreaterThan((plan.reason as { reached: number }).reached)
      expect(bytes).toBeGreaterThan(0)
    }
  })

  it('has weighed nothing where it moves nothing for delay', () => {
    expect(planFor([{ guests: [busy] }, {}]).alternatives).toEqual([])
  })

  it('puts no guest where vCPUs are measured to wait as long, whatever is predicted there', () => {
    const crowded = { pcpus: 3, guests: Array.from({ length: 4 }, () => ({ ...busy, delay: 0.4 })) }
    const calm = (delay: number) => ({ pcpus: 3, guests: [{ demand: 0.5, delay }] })
    const targets = (delay: number) => {
      const full = Array.from({ length: 4 }, () => ({ demand: 0.5, delay: 0 }))
      const hosts = [crowded, calm(delay), { pcpus: 3, guests: full }]
      const plan = planFor(hosts, {}, {}, { rounds: 1, deviation: 1 })
      return plan.steps.map(({ reason, toName }) => [reason.kind, toName])
    }
    expect(targets(0)).toEqual([['relieve-delay', 'h1']])
    expect(targets(0.6)).toEqual([['relieve-delay', 'h2']])
  })

  it('moves nothing when all that could be done is to swap the trouble', () => {
    const full = { pcpus: 2, guests: [busy, busy, busy] }
    const plan = planFor([full, full, full])
    expect(plan.steps).toEqual([])
    expect(plan.reason.kind).toBe('fleet-helpless')
  })

  it('takes no guest to where its memory does not fit', () => {
    const large = { demand: 1, memory: 10 }
    const plan = planFor([
      { pcpus: 1, guests: [large, { demand: 1, memory: 2 }] },
      { pcpus: 1, budget: 8 },
    ])
    expect(plan.steps.map(({ guestName }) => guestName)).toEqual(['g1'])
  })

  it('takes the cheapest guest off a host that is short of memory, at once', () => {
    const plan = planFor(
      [
        {
          budget: 10.5,
          guests: [
            { name: 'large', memory: 6, need: 6 },
            { name: 'small', memory: 3, need: 4 },
            { name: 'writes', memory: 3, need: 4, dirtyRate: 0.5 * GiB },
          ],
        },
        { budget: 10 },
      ],
      {},
      {},
      {},
    )
    expect(plan.steps.map(({ guestName, reason }) => [guestName, reason.kind])).toEqual([
      ['small', 'relieve-memory'],
    ])
  })

  it('empties a host that is to be maintained, whatever cools down, and puts nothing there', () => {
    const hosts = [{ guests: [busy, busy] }, { guests: [busy] }, { guests: [busy, busy, busy, busy] }]
    const past = [
      {
        guest: uuidOf('guest', 0),
        from: uuidOf('host', 1),
        to: uuidOf('host', 0),
        at: inputOf([]).wallTime - 60_000,
        outcome: 'done',
      },
    ] as const
    const plan = planFor(
      hosts,
      {},
      { settings: { draining: { [uuidOf('host', 0)]: { since: 0, by: 'me' } } }, past },
    )
    expect(plan.steps.map(({ guestName, toName }) => [guestName, toName])).toEqual([
      ['g0', 'h1'],
      ['g1', 'h1'],
    ])
  })

  it('does not move a guest that was moved a minute ago', () => {
    const past = [
      {
        guest: uuidOf('guest', 0),
        from: uuidOf('host', 1),
        to: uuidOf('host', 0),
        at: inputOf([]).wallTime - 60_000,
        outcome: 'done',
      },
    ] as const
    const plan = planFor([{ pcpus: 1, guests: [busy, busy] }, { pcpus: 1 }], {}, { past })
    expect(plan.steps.map(({ guestName }) => guestName)).toEqual(['g1'])
  })

  it('exchanges guests between hosts that have no memory for one more', () => {
    const hosts = [
      {
        pcpus: 2,
        budget: 8,
        guests: [
          { demand: 2, vcpus: 2, memory: 3 },
          { demand: 2, vcpus: 2, memory: 3 },
        ],
      },
      {
        pcpus: 2,
        budget: 8,
        guests: [
          { demand: 0, memory: 3 },
          { demand: 0, memory: 3 },
        ],
      },
      { pcpus: 2, budget: 4, guests: [{ demand: 2, vcpus: 2, memory: 0.5 }] },
    ]
    const plan = planFor(hosts)
    expect(plan.reason).toMatchObject({ kind: 'fleet-moves', reached: 0 })
  })

  it('comes to an end where guests that want nothing could be moved for ever', () => {
    const idle = Array.from({ length: 6 }, () => ({ demand: 0 }))
    const plan = planFor([
      { pcpus: 1, guests: [busy, { ...busy, stays: ['a device'] }, ...idle] },
      { pcpus: 1, guests: [busy] },
    ])
    expect(plan.steps).toEqual([])
  })

  it('rests once its plan is carried out', () => {
    const hosts = [{ pcpus: 4, guests: Array.from({ length: 10 }, () => ({ demand: 0.8 })) }, {}, {}]
    const reports = reportsOf(hosts)
    const policy = balance({ rounds: 1 })
    let { state, plan } = policy.decide(fleetView(inputOf(hosts), emptyMemory).view, policy.initialState)
    expect(plan.steps.length).toBeGreaterThan(0)
    const after = fleetView(
      { ...inputOf([]), reports: aged(carriedOut(reports, plan.steps)) },
      emptyMemory,
    ).view
    for (let round = 0; round < 5; round++) {
      ;({ state, plan } = policy.decide(after, state))
      expect(plan.steps).toEqual([])
    }
  })

  describe('where rules are broken', () => {
    const idle = { demand: 0 }

    it('moves guests to the hosts that they are pinned to, at once', () => {
      const plan = planFor(
        [{ guests: [idle, idle] }, {}],
        { pinned: [{ guests: 'g1', hosts: ['h1'] }] },
        {},
        {},
      )
      expect(plan.steps.map(({ guestName, reason }) => [guestName, reason.kind])).toEqual([
        ['g1', 'keep-rule'],
      ])
    })

    it('parts guests that are to be apart, and leaves the largest', () => {
      const guests = [{ memory: 2 }, { memory: 4 }, { memory: 1 }]
      const plan = planFor([{ guests }, {}, {}], { apart: [{ guests: 'g*' }] }, {}, {})
      expect(plan.steps.map(({ guestName }) => guestName).sort()).toEqual(['g0', 'g2'])
      expect(new Set(plan.steps.map(({ toName }) => toName)).size).toBe(2)
    })

    it('brings guests together where most of them are', () => {
      const hosts = [{ guests: [{ memory: 1 }] }, { guests: [{ memory: 4 }, { memory: 1 }] }]
      const plan = planFor(hosts, { together: [{ guests: 'g*' }] }, {}, {})
      expect(plan.steps.map(({ guestName, toName }) => [guestName, toName])).toEqual([['g0', 'h1']])
    })

    it('takes a detour where two full hosts have to exchange guests', () => {
      const hosts = [
        {
          budget: 40,
          guests: [
            { name: 'left', memory: 24 },
            { memory: 10, stays: ['a device'] },
          ],
        },
        {
          budget: 40,
          guests: [
            { name: 'right', memory: 20 },
            { memory: 8, stays: ['a device'] },
          ],
        },
        { budget: 40 },
      ]
      const rules = {
        pinned: [
          { guests: 'left', hosts: ['h1'] },
          { guests: 'right', hosts: ['h0'] },
        ],
      }
      const plan = planFor(hosts, rules, {}, {})
      expect(plan.steps.map(({ guestName, toName, after }) => [guestName, toName, ...after])).toEqual([
        ['right', 'h2'],
        ['left', 'h1', 0],
        ['right', 'h0', 0, 1],
      ])
      const without = planFor(hosts.slice(0, 2), rules, {}, {})
      expect(without.steps).toEqual([])
      expect(without.problems!.map(({ guestName, reason }) => [guestName, reason.kind])).toContainEqual([
        'left',
        'no-detour',
      ])
    })
  })
})
