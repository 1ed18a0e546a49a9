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
