import { describe, expect, it } from 'vitest'
import { Columns } from '../../../lib/fleet/model/columns.ts'
import { balance } from '../../../lib/fleet/policies/balance.ts'
import { Random } from '../../../lib/util/random.ts'
import { fewestMoves } from '../../support/fleet/fewest-moves.ts'
import { viewOf } from '../../support/fleet/fleets.ts'

/** Hosts of 8 pCPUs, the first with too many guests; vCPUs that all want as much, so that waiting follows the load. */
function fleet(seed: number, others = 2) {
  const random = new Random(seed, 'fewest moves')
  const hosts = 3 + random.below(3)
  return viewOf(
    Array.from({ length: hosts }, (_, row) => ({
      pcpus: 8,
      budget: 24 + random.below(16),
      guests: Array.from({ length: row === 0 ? 7 + random.below(3) : others + random.below(2) }, () => {
        const vcpus = 1 + random.below(3)
        return { vcpus, demand: 0.8 * vcpus, memory: 1 + random.below(3) }
      }),
    })),
  )
}

const seeds = Array.from({ length: 12 }, (_, index) => index + 1)

/** Fleet 6 has the capacity for all. */
const overloaded = seeds.filter((seed) => seed !== 6)

describe('balance beside HiGHS', () => {
  it.each(seeds)('makes no more moves than the worst load that it reaches takes, fleet %i', async (seed) => {
    const view = fleet(seed)
    const policy = balance({ rounds: 1, deviation: 1 })
    const { plan } = policy.decide(view, policy.initialState)
    const columns = new Columns(view)
    for (const { guest, to } of plan.steps) {
      const unit = columns.units.findIndex(({ guests }) => guests[0]!.uuid === guest)
      columns.put(
        unit,
        view.hosts.findIndex(({ uuid }) => uuid === to),
      )
    }
    const worst = Math.max(...view.hosts.map(({ row }) => columns.load(row)))
    const { status, moves } = await fewestMoves(new Columns(view), worst, 30)
    expect(status).toBe('optimal')
    expect(plan.steps.length).toBeLessThanOrEqual(moves!)
  })

  it.each(overloaded)(
    'leaves overloaded fleets no 2 points from the least that can be waited, fleet %i',
    async (seed) => {
      const view = fleet(seed, 5)
      const policy = balance({ rounds: 1, deviation: 1 })
      const { plan } = policy.decide(view, policy.initialState)
      const columns = new Columns(view)
      for (const { guest, to } of plan.steps) {
        const unit = columns.units.findIndex(({ guests }) => guests[0]!.uuid === guest)
        columns.put(
          unit,
          view.hosts.findIndex(({ uuid }) => uuid === to),
        )
      }
      const worst = Math.max(...view.hosts.map(({ row }) => columns.load(row)))
      expect(worst).toBeGreaterThan(1)
      // Above capacity, 1 - 1 / load is waited.
      const better = 1 / (1 / worst + 0.02)
      expect((await fewestMoves(new Columns(view), better, 30)).status).toBe('infeasible')
    },
  )
})
