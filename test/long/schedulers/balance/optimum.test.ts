import { describe, expect, it } from 'vitest'
import { sentenceOf } from '../../../../lib/policy/reason.ts'
import { Arrangement } from '../../../../lib/schedulers/balance/arrangement.ts'
import { shapeOf } from '../../../../lib/schedulers/balance/bins.ts'
import { ExactSearch } from '../../../../lib/schedulers/balance/branch-and-bound.ts'
import { leastSquares } from '../../../../lib/schedulers/balance/lower-bound.ts'
import { type Model, readModel } from '../../../../lib/schedulers/balance/model.ts'
import { defaultPrice } from '../../../../lib/schedulers/balance/move-cost.ts'
import { Front } from '../../../../lib/schedulers/balance/pareto-front.ts'
import { leastOfAll } from '../../../../lib/schedulers/balance/partition.ts'
import { balance } from '../../../../lib/schedulers/balance.ts'
import { type HostShape, type HostSketch, settle, viewOf } from '../../../unit/schedulers/balance/views.ts'
import { seeded } from '../../../unit/schedulers/world.ts'

const modelOf = (host: HostSketch): Model => {
  const view = viewOf(host)
  return readModel(view, shapeOf(view, 'cpu', { sibling: 0.25, background: true }), defaultPrice, () => false)
}

/** By number of moves: the least sum of squares after at most so many, by trying every placement. */
function bestByTryingAll(model: Model): number[] {
  const best = new Array<number>(model.demand.length + 1).fill(Number.POSITIVE_INFINITY)
  const now = new Arrangement(model)
  const place = (item: number) => {
    if (item === model.demand.length) {
      best[now.moves] = Math.min(best[now.moves]!, new Arrangement(model, model.demand, now.where).squares)
      return
    }
    const home = now.where[item]!
    for (const [bin, may] of model.allowed[item]!.entries()) {
      if (may === 0) continue
      now.move(item, bin)
      place(item + 1)
    }
    now.move(item, home)
  }
  place(0)
  for (const k of best.keys()) best[k] = Math.min(best[k]!, best[k - 1] ?? Number.POSITIVE_INFINITY)
  return best
}

const deviation = (model: Model) => {
  const total = new Arrangement(model).total()
  const room = model.shape.capacity.reduce((sum, one) => sum + one, 0)
  return (squares: number) => Math.sqrt(Math.max(0, squares / room - (total / room) ** 2))
}

/** Random hosts, small enough to try every placement. */
function* hosts(shape: HostSketch['shape'], count: number, options: { readonly uneven?: boolean } = {}) {
  const pcpus = shape.cores * (shape.threads ?? 1) * (shape.caches ?? 1) * (shape.cells ?? 1)
  for (let seed = 1; seed <= count; seed++) {
    const uniform = seeded(seed)
    const vcpus = Array.from({ length: 2 + Math.floor(5 * uniform()) }, () => {
      return { demand: 0.05 + 0.95 * uniform(), on: Math.floor(pcpus * uniform() ** 1.5) }
    })
    const each = (value: () => number) => Array.from({ length: pcpus }, value)
    yield {
      shape,
      vcpus,
      background: each(() => (seed % 3 === 0 ? 0.5 * uniform() : 0)),
      capacity: each(() => (options.uneven ? 0.4 + 0.6 * uniform() : 1)),
    } satisfies HostSketch
  }
}

const kinds: readonly { name: string; shape: HostShape; uneven?: boolean }[] = [
  { name: 'three pCPUs', shape: { cores: 3 } },
  { name: 'four pCPUs', shape: { cores: 4 } },
  { name: 'unequal pCPUs', shape: { cores: 3 }, uneven: true },
  { name: 'two cores with two threads', shape: { cores: 2, threads: 2 } },
]

describe.each(kinds)('on $name', ({ shape, uneven = false }) => {
  it('the lower bound is never above the best of all placements, and often reaches it', () => {
    let met = 0
    for (const host of hosts(shape, 80, { uneven })) {
      const model = modelOf(host)
      const best = bestByTryingAll(model).at(-1)!
      const bound = leastSquares(model)
      expect(bound).toBeLessThanOrEqual(best + 1e-9)
      if (bound > best - 1e-6) met++
    }
    // Beside unequal capacities only divisible load is thought of: never quite reached.
    if (!uneven) expect(met).toBeGreaterThan(10)
  })

  it('with any number of moves, the front is within 1 % of the best that trying all finds', () => {
    let proven = 0
    for (const host of hosts(shape, 60, { uneven })) {
      const model = modelOf(host)
      const measure = deviation(model)
      const best = bestByTryingAll(model)
      const front = new Front(new Arrangement(model), Number.POSITIVE_INFINITY, measure)
      front.fewest(0)
      for (const point of front.told()) {
        const least = measure(best[point.moves]!)
        expect(point.deviation).toBeGreaterThanOrEqual(least - 1e-6)
        if (!point.exact) continue
        proven++
        // A cheaper move may be preferred where it makes next to no difference.
        expect(point.deviation).toBeLessThanOrEqual(1.01 * least + (shape.threads ? 0.01 : 1e-6))
      }
    }
    expect(proven).toBeGreaterThan(60)
  })
})

describe('the best of all placements', () => {
  it('is what trying all finds', () => {
    for (const host of hosts({ cores: 4 }, 60)) {
      const model = modelOf(host)
      const found = leastOfAll(model, Number.POSITIVE_INFINITY, 0, 100_000)!
      expect(found).toBeCloseTo(bestByTryingAll(model).at(-1)!, 9)
    }
  })

  it('is not claimed where the search was cut short', () => {
    const [host] = hosts({ cores: 4 }, 1)
    expect(leastOfAll(modelOf(host!), Number.POSITIVE_INFINITY, 0, 3)).toBeUndefined()
  })
})

describe('branch and bound', () => {
  it('leaves the placement as it found it, cut short or not', () => {
    for (const host of hosts({ cores: 4 }, 20)) {
      const model = modelOf(host)
      const { cost, squares } = new Arrangement(model)
      const known = { where: model.start, cost, squares, moves: 0 }
      for (const nodes of [1, 2, 3, 10, 100_000]) {
        const search = new ExactSearch(model, { nodes })
        const before = search.bound(1)
        search.run(2, known)
        expect(search.bound(1)).toBeCloseTo(before, 12)
      }
    }
  })
})

describe('what the policy chooses', () => {
  it('has at most 1 % more deviation than the best with as many moves', () => {
    let rounds = 0
    for (const host of hosts({ cores: 4 }, 150)) {
      const model = modelOf(host)
      const measure = deviation(model)
      const { vcpus, rounds: taken } = settle(host, balance({ background: true }), 12)
      if (taken.length === 0) continue
      rounds++
      expect(taken).toHaveLength(1)
      const least = measure(bestByTryingAll(model)[taken[0]!.moves]!)
      const after = measure(new Arrangement(modelOf({ ...host, vcpus })).squares)
      expect(after).toBeLessThanOrEqual(1.01 * least + 1e-6)
    }
    expect(rounds).toBeGreaterThan(60)
  })

  it('is explained by figures that hold', () => {
    for (const host of hosts({ cores: 4 }, 60)) {
      const policy = balance({ background: true })
      const { plan, explanation, state } = policy.decide(viewOf(host), policy.initialState)
      const best = bestByTryingAll(modelOf(host))
      const measure = deviation(modelOf(host))
      expect(explanation!.lowerBound).toBeLessThanOrEqual(measure(best.at(-1)!) + 1e-6)
      expect(explanation!.front[0]).toMatchObject({ moves: 0, exact: true })
      expect(explanation!.front.map(({ moves }) => moves)).toContain(explanation!.chosen)
      expect(sentenceOf(explanation!.reason)).toMatch(/deviation|no pCPU/)
      expect(state.calls).toBe(explanation!.chosen > 0 && plan.length === 0 ? 1 : 0)
    }
  })
})
