import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { guardPlan } from '../../../lib/fleet/guard/guard.ts'
import type { FleetPlan } from '../../../lib/fleet/plan/step.ts'
import type { FleetPolicy } from '../../../lib/fleet/policies/fleet-policy.ts'
import * as factories from '../../../lib/fleet/policies/index.ts'
import { pack } from '../../../lib/fleet/policies/pack.ts'
import { usage } from '../../../lib/fleet/policies/usage.ts'
import { defaultFleetPolicy, fleetPolicies } from '../../../lib/fleet/policies.ts'
import type { FleetRules } from '../../../lib/fleet/view/fleet-rules.ts'
import { kebabCase } from '../../../lib/util/kebab-case.ts'
import { type HostSketch, viewOf } from '../../support/fleet/fleets.ts'

const page = readFileSync(new URL('../../../docs/fleet-policies.md', import.meta.url), 'utf8')

/** What a policy decides after so many rounds that are all alike. */
function roundsOf(
  rounds: number,
  policy: FleetPolicy,
  hosts: readonly HostSketch[],
  rules: FleetRules = {},
): FleetPlan {
  const view = viewOf(hosts, rules)
  let { plan, state } = policy.decide(view, policy.initialState)
  for (let round = 1; round < rounds; round++) ({ plan, state } = policy.decide(view, state))
  expect(guardPlan(view, plan).denied).toEqual([])
  return plan
}

describe('the registry of fleet policies', () => {
  it('has every policy of the API, the default among them, with a page that explains its options', () => {
    expect(Object.keys(fleetPolicies)).toEqual(Object.keys(factories).map((name) => kebabCase(name)))
    expect(Object.keys(fleetPolicies)).toContain(defaultFleetPolicy)
    for (const { name, options } of Object.values(fleetPolicies)) {
      const section = page.split(/^## /m).find((text) => text.startsWith(`${name}\n`)) ?? ''
      for (const option of Object.keys(options)) expect(section).toContain(`\`${option}\``)
    }
  })

  it.each([
    ['balance', { delay: 0 }],
    ['balance', { rounds: 0.5 }],
    ['balance', { horizon: -1 }],
    ['pack', { fill: 2 }],
    ['usage', { by: 'disk' }],
  ] as const)('refuses a wrong option of %s: %o', (name, options) => {
    expect(() => fleetPolicies[name].create(options)).toThrow(TypeError)
  })
})

describe('pack', () => {
  const hosts = [
    { guests: [{ demand: 1 }, { demand: 1 }] },
    { guests: [{ demand: 0.5, memory: 0.5 }] },
    { guests: [{ demand: 0.5, memory: 2 }] },
  ]

  it('empties hosts into the most loaded ones, up to its fill, after some rounds', () => {
    expect(roundsOf(5, pack(), hosts).reason.kind).toBe('fleet-waits')
    const plan = roundsOf(6, pack(), hosts)
    expect(plan.steps.map(({ guestName, toName }) => [guestName, toName])).toEqual([
      ['g2', 'h0'],
      ['g3', 'h0'],
    ])
    expect(plan.reason).toMatchObject({ kind: 'fleet-packs', emptied: 2, hosts: 3 })
    expect(roundsOf(6, pack({ fill: 0.7 }), hosts).steps.map(({ guestName }) => guestName)).toEqual(['g2'])
  })

  it('empties a host as a whole or not at all', () => {
    const stays = { guests: [{ demand: 0.1 }, { demand: 0.1, stays: ['a device'] }] }
    expect(
      roundsOf(20, pack(), [{ guests: [{ demand: 1 }] }, stays]).steps.map(({ fromName }) => fromName),
    ).toEqual(['h0'])
    expect(roundsOf(20, pack(), [stays, stays]).steps).toEqual([])
  })
})

describe('usage', () => {
  it('moves the largest guest from the most to the least used host, one in each round', () => {
    const hosts = [
      { guests: [{ demand: 0.5 }, { demand: 1 }, { demand: 0.5 }] },
      { guests: [{ demand: 0.5 }] },
      {},
    ]
    const plan = roundsOf(1, usage(), hosts)
    expect(plan.steps.map(({ guestName, toName }) => [guestName, toName])).toEqual([['g1', 'h2']])
    expect(roundsOf(1, usage({ difference: 0.6 }), hosts).steps).toEqual([])
  })

  it('may compare memory', () => {
    const hosts = [{ guests: [{ demand: 1 }] }, { guests: [{ memory: 20 }, { memory: 10 }] }]
    expect(roundsOf(1, usage({ by: 'memory' }), hosts).steps.map(({ guestName }) => guestName)).toEqual([
      'g1',
    ])
  })
})
