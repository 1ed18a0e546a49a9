import type { Model } from './model.ts'

/** With more items the search hardly ever ends, and the bound is close anyway. */
const mostItems = 24
/** Loads that differ by less are the same. */
const alike = 1e-12

/**
 * The least sum of squares of all placements, with any number of moves, where that can be found within a limit of nodes;
 * undefined where it cannot, and on hosts whose bins or vCPUs are not all alike in what is allowed. The heaviest are placed
 * first, on bins of equal load only once; a branch is cut when the rest, poured at will, would not make it better than the
 * best known one.
 */
export function leastOfAll(
  model: Model,
  known: number,
  bound: number,
  mostNodes: number,
): number | undefined {
  const { shape, allowed } = model
  const plain =
    model.demand.length <= mostItems &&
    shape.sibling === 1 &&
    shape.capacity.every((one) => Math.abs(one - 1) < alike) &&
    allowed.every((mask) => mask === allowed[0]) &&
    !allowed[0]?.includes(0)
  return plain ? new Partition(model, known, bound, mostNodes).run() : undefined
}

class Partition {
  readonly #demand: Float64Array
  readonly #loads: Float64Array
  /** By item: load of it and of those after it. */
  readonly #rest: Float64Array
  readonly #bound: number
  #best: number
  #nodes: number

  constructor({ demand, fixed }: Model, known: number, bound: number, mostNodes: number) {
    this.#demand = demand
    this.#loads = fixed.slice()
    this.#rest = new Float64Array(demand.length + 1)
    for (let item = demand.length - 1; item >= 0; item--)
      this.#rest[item] = this.#rest[item + 1]! + demand[item]!
    this.#best = known
    this.#bound = bound + alike
    this.#nodes = mostNodes
  }

  run(): number | undefined {
    return this.#place(0) ? this.#best : undefined
  }

  #place(item: number): boolean {
    if (--this.#nodes < 0) return false
    const loads = this.#loads
    if (item === this.#demand.length) {
      let squares = 0
      for (let bin = 0; bin < loads.length; bin++) squares += loads[bin]! * loads[bin]!
      if (squares < this.#best) this.#best = squares
      return true
    }
    if (poured(loads, this.#rest[item]!) >= this.#best - alike) return true
    const demand = this.#demand[item]!
    // Lowest first: the first way down is what LPT does.
    let below = Number.NEGATIVE_INFINITY
    for (;;) {
      let to = -1
      for (let bin = 0; bin < loads.length; bin++) {
        if (loads[bin]! > below + alike && (to < 0 || loads[bin]! < loads[to]!)) to = bin
      }
      if (to < 0) return true
      below = loads[to]!
      loads[to] = below + demand
      const complete = this.#place(item + 1)
      loads[to] = below
      if (!complete) return false
      if (this.#best <= this.#bound) return true
    }
  }
}

/** The sum of squares after `load` was poured onto the lowest bins. */
function poured(loads: Float64Array, weight: number): number {
  // The level: what is above it takes nothing, so a few rounds of leaving those out find it.
  let room = loads.length
  let sum = weight
  for (let bin = 0; bin < loads.length; bin++) sum += loads[bin]!
  let level = sum / room
  for (let left = room + 1; room < left; ) {
    left = room
    room = 0
    sum = weight
    for (let bin = 0; bin < loads.length; bin++) {
      if (loads[bin]! > level) continue
      room++
      sum += loads[bin]!
    }
    level = sum / room
  }
  let squares = level * level * room
  for (let bin = 0; bin < loads.length; bin++) if (loads[bin]! > level) squares += loads[bin]! * loads[bin]!
  return squares
}
