import { noiseAt } from '../../view/cpu/step-filter.ts'
import { Arrangement } from './arrangement.ts'
import type { Best } from './branch-and-bound.ts'
import type { Model } from './model.ts'

/** Items up to which every pair is tried. */
const mostItems = 128
/** Sum of the intervals of demand below which both ends are the same, as a fraction of one pCPU. */
const narrow = 0.05
/** Exchanges in one plan. */
const mostRounds = 16
/** Fall of the sum of squares that counts as one. */
const clearGain = 1e-4
/** How many standard deviations of a demand that is sampled once lie within what is taken for noise. */
const spreads = 3

/** The deviation that noise in one sample of each demand makes of equal loads. */
export function deviationByNoise({ demand, shape }: Model): number {
  let variance = 0
  for (let item = 0; item < demand.length; item++) variance += (noiseAt(demand[item]!) / spreads) ** 2
  const room = shape.capacity.reduce((sum, one) => sum + one, 0)
  return room > 0 ? Math.sqrt(variance / room) : 0
}

/**
 * The least deviation there would be if some guest asked for nothing: what is left of an imbalance that one guest alone may
 * have made, just now busier than it is as a rule.
 */
export function deviationWithoutAnyGuest(model: Model): number {
  const { demand, guests, shape, start } = model
  const at = new Arrangement(model)
  const { loads, coreLoads, perThread, perCore, squares } = at
  const total = at.total()
  const room = shape.capacity.reduce((sum, one) => sum + one, 0)
  let least = Number.POSITIVE_INFINITY
  for (let item = 0; item < demand.length; item++) {
    const own = guests.itemsWith(item)
    if (own[0] !== item) continue
    let rest = squares
    let asked = total
    for (const one of own) {
      const bin = start[one]!
      const core = shape.core[bin]!
      const load = demand[one]!
      rest -=
        load * (perThread[bin]! * (2 * loads[bin]! - load) + perCore[bin]! * (2 * coreLoads[core]! - load))
      asked -= load
      loads[bin]! -= load
      coreLoads[core]! -= load
    }
    for (const one of own) {
      loads[start[one]!]! += demand[one]!
      coreLoads[shape.core[start[one]!]!]! += demand[one]!
    }
    least = Math.min(least, (rest - (asked * asked) / room) / room)
  }
  return Math.sqrt(Math.max(0, least))
}

/**
 * Of the placements that are about as good as `best` (a sum of squares of at most `limit`) with no more moves, one that
 * is better at the worse end of what the demands may be: two vCPUs change places for as long as that helps.
 */
export function goodAtBothEnds(model: Model, best: Best, limit: number): Best {
  const width = model.high.reduce((sum, high, item) => sum + high - model.low[item]!, 0)
  if (width < narrow || model.demand.length > mostItems) return best
  const ends = [model.low, model.high].map(
    (demand) => new Arrangement({ ...model, demand }, demand, best.where),
  )
  const point = new Arrangement(model, model.demand, best.where)
  for (let round = 0; round < mostRounds; round++) {
    if (!exchange(point, ends, best.moves, limit)) break
  }
  return { where: point.where, moves: point.moves, squares: point.squares, cost: point.cost }
}

/** The exchange that helps most at the worse end; false: there is none. */
function exchange(
  point: Arrangement,
  ends: readonly Arrangement[],
  mostMoves: number,
  limit: number,
): boolean {
  const { allowed, demand } = point.model
  const all = [point, ...ends]
  const worst = () => Math.max(...ends.map((end) => end.squares))
  let least = worst() - clearGain
  let chosen: readonly [number, number] | undefined
  for (let a = 0; a < demand.length; a++) {
    for (let b = a + 1; b < demand.length; b++) {
      const at = point.where[a]!
      const to = point.where[b]!
      if (at === to || allowed[a]![to] === 0 || allowed[b]![at] === 0) continue
      for (const one of all) swap(one, a, b)
      if (point.moves <= mostMoves && point.squares <= limit && worst() < least) {
        least = worst()
        chosen = [a, b]
      }
      for (const one of all) swap(one, a, b)
    }
  }
  if (!chosen) return false
  for (const one of all) swap(one, ...chosen)
  return true
}

function swap(arrangement: Arrangement, a: number, b: number): void {
  const at = arrangement.where[a]!
  const to = arrangement.where[b]!
  arrangement.move(a, to)
  arrangement.move(b, at)
}
