import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Columns } from '../../../lib/fleet/model/columns.ts'
import { balance } from '../../../lib/fleet/policies/balance.ts'
import { leastGain } from '../../../lib/fleet/search/refine.ts'
import type { FleetView } from '../../../lib/fleet/view/fleet-view.ts'
import { type HostSketch, viewOf } from '../../support/fleet/fleets.ts'
import { runs } from '../../support/runs.ts'

const guest = fc.record({
  demand: fc.constantFrom(0.2, 0.5, 0.8, 1),
  memory: fc.constantFrom(1, 2, 4),
})
const fleet: fc.Arbitrary<HostSketch[]> = fc
  .array(
    fc.record({
      pcpus: fc.constantFrom(1, 2, 3),
      budget: fc.constantFrom(8, 12),
      guests: fc.array(guest, { maxLength: 5 }),
    }),
    { minLength: 2, maxLength: 3 },
  )
  .filter((hosts) => hosts.reduce((sum, { guests }) => sum + guests.length, 0) <= 7)
  .filter((hosts) => {
    return hosts.every(({ guests, budget }) => guests.reduce((sum, { memory }) => sum + memory, 1) <= budget)
  })

interface Reached {
  readonly delay: number
  readonly moves: number
}

/** For each number of moves, the least worst delay of all placements that have the memory. */
function everything(view: FleetView): number[] {
  const columns = new Columns(view)
  const least: number[] = []
  const place = (unit: number, moves: number) => {
    if (unit === columns.units.length) {
      if (view.hosts.some(({ row }) => columns.isOverfilled(row))) return
      least[moves] = Math.min(least[moves] ?? 1, Math.max(...columns.delay))
      return
    }
    const { home } = columns.units[unit]!
    for (const { row } of view.hosts) {
      columns.put(unit, row)
      place(unit + 1, moves + Number(row !== home))
    }
    columns.put(unit, home)
  }
  place(0, 0)
  return least
}

/** What the policy reaches at once, if a migration costs nothing and all moves are for the vCPUs that wait. */
function reachedBy(view: FleetView): Reached & { readonly blocked: number } {
  const policy = balance({ rounds: 1, deviation: 1, delay: 0.05, horizon: 1e12 })
  const { plan } = policy.decide(view, policy.initialState)
  const columns = new Columns(view)
  for (const { guest: uuid, to } of plan.steps) {
    const unit = view.guests.findIndex((one) => one.uuid === uuid)
    columns.put(
      unit,
      view.hosts.findIndex((host) => host.uuid === to),
    )
  }
  return {
    delay: Math.max(...columns.delay),
    moves: new Set(plan.steps.map((step) => step.guest)).size,
    blocked: plan.problems?.length ?? 0,
  }
}

describe('balance on small fleets', () => {
  it('comes within 2 points of the shortest delay that is worth its moves, with no more than that takes', () => {
    fc.assert(
      fc.property(fleet, (hosts) => {
        const view = viewOf(hosts)
        const least = everything(view)
        const { delay, moves, blocked } = reachedBy(view)
        fc.pre(blocked === 0)
        const best = Math.min(...least.filter((one, moved) => one <= least[0]! - leastGain * moved + 1e-9))
        if ((least[0] ?? 0) <= 0.05) {
          expect(moves).toBe(0)
          return
        }
        expect(delay).toBeLessThanOrEqual(Math.max(0.02, best) + 0.02)
        const needed = least.findIndex((one) => one !== undefined && one <= Math.max(0.02, delay) + 1e-6)
        expect(moves).toBeLessThanOrEqual(needed)
      }),
      { numRuns: runs(400), seed: 1 },
    )
  })
})
