import { standardDeviation } from '../view/deviation.ts'
import type { Movable } from './placement.ts'
import type { Rearrangement } from './rearrangement.ts'

/** Rearrangements that are looked at before the search gives up: a few milliseconds. */
const budget = 250_000

/** Loads below this are not worth a look: moving them changes nothing. */
const nothing = 1e-6

export interface SearchResult {
  /** The best with the fewest moves that reach the goal; where none do, the best of all that were looked at. */
  readonly best: Rearrangement
  /** Whether all was looked at that could have been better. */
  readonly complete: boolean
}

/**
 * Looks at every way of moving one vCPU, then at every way of moving two, and so on, until one comes to the
 * `goal` (a standard deviation): so it moves as few as can be, and of those ways takes the one with the least
 * deviation. The number of ways grows as (n choose k) (m - 1)^k for k of n vCPUs on m pCPUs; it stops
 * before the first k that it cannot go through.
 */
export function searchFewestMoves(
  movable: readonly Movable[],
  start: Rearrangement,
  goal: number,
): SearchResult {
  const candidates = [...movable.keys()]
    .filter((index) => movable[index]!.demand > nothing)
    .sort((a, b) => movable[b]!.demand - movable[a]!.demand)
  const search = new Search(movable, candidates, start)
  let looked = 0
  for (let moves = 1; moves <= candidates.length; moves++) {
    looked += waysUpTo(moves, candidates.length, start.loads.length)
    if (looked > budget) return { best: search.best(), complete: false }
    search.run(moves)
    if (search.deviation() <= goal) break
  }
  return { best: search.best(), complete: true }
}

/** How many rearrangements there are with up to `moves` of `vcpus` moved. */
function waysUpTo(moves: number, vcpus: number, pcpus: number): number {
  let exactly = 1
  let total = 1
  for (let k = 1; k <= moves; k++) {
    exactly *= ((vcpus - k + 1) / k) * (pcpus - 1)
    total += exactly
  }
  return total
}

class Search {
  readonly #movable: readonly Movable[]
  readonly #candidates: readonly number[]
  readonly #where: Int32Array
  readonly #loads: Float64Array
  #squares: number
  #bestSquares: number
  #bestWhere: Int32Array
  #bestLoads: Float64Array

  constructor(movable: readonly Movable[], candidates: readonly number[], start: Rearrangement) {
    this.#movable = movable
    this.#candidates = candidates
    this.#where = start.where.slice()
    this.#loads = start.loads.slice()
    this.#squares = this.#loads.reduce((sum, load) => sum + load * load, 0)
    this.#bestSquares = this.#squares
    this.#bestWhere = start.where
    this.#bestLoads = start.loads
  }

  best(): Rearrangement {
    return { where: this.#bestWhere, loads: this.#bestLoads, deviation: this.deviation() }
  }

  deviation(): number {
    return standardDeviation(this.#bestLoads)
  }

  /** Tries all ways with `moves` moves; candidates before `from` are where they stay. */
  run(moves: number, from = 0): void {
    for (let at = from; at <= this.#candidates.length - moves; at++) {
      const index = this.#candidates[at]!
      const { demand, allowed } = this.#movable[index]!
      const home = this.#where[index]!
      const saved = this.#squares
      const left = this.#loads[home]!
      for (let target = 0; target < this.#loads.length; target++) {
        if (target === home || allowed[target] === 0) continue
        const met = this.#loads[target]!
        this.#squares = saved + 2 * demand * (met - left + demand)
        this.#loads[home] = left - demand
        this.#loads[target] = met + demand
        this.#where[index] = target
        if (moves > 1) this.run(moves - 1, at + 1)
        else if (this.#squares < this.#bestSquares - nothing * nothing) this.#remember()
        this.#loads[home] = left
        this.#loads[target] = met
      }
      this.#where[index] = home
      this.#squares = saved
    }
  }

  #remember(): void {
    this.#bestSquares = this.#squares
    this.#bestWhere = this.#where.slice()
    this.#bestLoads = this.#loads.slice()
  }
}
