import { describe, expect, it } from 'vitest'
import type { FleetPlan } from '../../../lib/fleet/plan/step.ts'
import { balance } from '../../../lib/fleet/policies/balance.ts'
import type { FleetPolicy } from '../../../lib/fleet/policies/fleet-policy.ts'
import { pack } from '../../../lib/fleet/policies/pack.ts'
import type { FleetRules } from '../../../lib/fleet/view/fleet-rules.ts'
import { type GuestSketch, type HostSketch, uuidOf, viewOf } from '../../support/fleet/fleets.ts'

function planOf(policy: FleetPolicy, hosts: readonly HostSketch[], rules: FleetRules): FleetPlan {
  const view = viewOf(hosts, rules)
  return policy.decide(view, policy.initialState).plan
}

const movesOf = ({ steps }: FleetPlan) => steps.map(({ guestName, toName }) => `${guestName} to ${toName}`)
const brokenIn = ({ problems = [] }: FleetPlan) =>
  problems.flatMap(({ guestName, reason }) => (reason.kind === 'soft-rule-broken' ? [guestName] : []))

/** Evens out no loads. */
const relieving = balance({ rounds: 1, deviation: 1 })

/** A guest that is kept together with its like, if it can be. */
const pair: GuestSketch = { demand: 1, labels: ['pair'] }
const single: GuestSketch = { demand: 1 }
const softly: FleetRules = { together: [{ guests: 'label:pair', hard: false }] }

describe('guests that are kept together softly', () => {
  it('stay together where others can leave instead', () => {
    const hosts = [{ pcpus: 3, guests: [pair, pair, single, single] }, { pcpus: 3 }]
    expect(movesOf(planOf(relieving, hosts, {}))).toEqual(['g0 to h1'])
    const plan = planOf(relieving, hosts, softly)
    expect(movesOf(plan)).toEqual(['g2 to h1'])
    expect(brokenIn(plan)).toEqual([])
  })

  it('are parted where nothing else helps, and the plan says so', () => {
    const plan = planOf(relieving, [{ pcpus: 1, guests: [pair, pair] }, { pcpus: 1 }], softly)
    expect(movesOf(plan)).toEqual(['g0 to h1'])
    expect(brokenIn(plan)).toEqual(['g0'])
  })

  it('leave a host that is emptied for where most of them are', () => {
    const hosts = [{ pcpus: 16, guests: [pair, pair, pair] }, { pcpus: 16 }, { pcpus: 16, guests: [single] }]
    const draining = (rules: FleetRules, more: readonly HostSketch[] = []) => {
      const settings = { draining: { [uuidOf('host', 0)]: { since: 0, by: 'me' } } }
      const view = viewOf([...hosts, ...more], rules, { settings })
      return relieving.decide(view, relieving.initialState).plan
    }
    expect(movesOf(draining({}))).toEqual(['g0 to h1', 'g1 to h1', 'g2 to h2'])
    const plan = draining(softly)
    expect(movesOf(plan)).toEqual(['g0 to h1', 'g1 to h1', 'g2 to h1'])
    expect(brokenIn(plan)).toEqual([])
    const others = [{ pcpus: 16, guests: [pair, single, single] }]
    expect(movesOf(draining(softly, others))).toEqual(['g0 to h3', 'g1 to h3', 'g2 to h3'])
  })

  it('do not keep a host from being emptied by pack, which takes them to one host', () => {
    const small = { ...pair, memory: 0.5 }
    const hosts = [
      { pcpus: 8, guests: [small, small] },
      { pcpus: 8, guests: [single, single, single] },
    ]
    const view = viewOf(hosts, softly)
    let { plan, state } = pack().decide(view, pack().initialState)
    for (let round = 1; round < 6; round++) ({ plan, state } = pack().decide(view, state))
    expect(new Set(movesOf(plan))).toEqual(new Set(['g0 to h1', 'g1 to h1']))
    expect(brokenIn(plan)).toEqual([])
  })
})
