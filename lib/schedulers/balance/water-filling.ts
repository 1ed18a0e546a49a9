import type { Arrangement } from './arrangement.ts'
import type { Shape } from './bins.ts'

/**
 * The least sum of squares if load of some weight could be taken off the highest bins and poured onto the lowest at will: a
 * lower bound for any moves of the same total weight. Keeps the order of the bins from one call to the next, since a search
 * changes two at a time.
 */
export class Levelled {
  readonly #sibling: number
  readonly #threads: Leveller
  readonly #cores: Leveller

  constructor({ capacity, coreCapacity, sibling }: Shape) {
    this.#sibling = sibling
    this.#threads = new Leveller(capacity)
    this.#cores = new Leveller(coreCapacity)
  }

  squares({ loads, coreLoads }: Arrangement, weight: number): number {
    const threads = this.#threads.squares(loads, weight)
    if (this.#sibling === 1) return threads
    return this.#sibling * threads + (1 - this.#sibling) * this.#cores.squares(coreLoads, weight)
  }
}

class Leveller {
  readonly #capacity: Float64Array
  readonly #room: number
  /** Ascending by level. */
  readonly #order: Int32Array
  readonly #level: Float64Array

  constructor(capacity: Float64Array) {
    this.#capacity = capacity
    this.#room = capacity.reduce((sum, one) => sum + one, 0)
    this.#order = Int32Array.from(capacity, (_, bin) => bin)
    this.#level = new Float64Array(capacity.length)
  }

  squares(loads: Float64Array, weight: number): number {
    const level = this.#level
    const order = this.#order
    const capacity = this.#capacity
    const bins = order.length
    let total = 0
    let squares = 0
    for (let bin = 0; bin < bins; bin++) {
      const load = loads[bin]!
      level[bin] = load / capacity[bin]!
      total += load
      squares += load * level[bin]!
    }
    this.#sort()

    let load = -weight
    let room = 0
    let high = 0
    for (let rank = bins - 1; rank >= 0; rank--) {
      const bin = order[rank]!
      load += loads[bin]!
      room += capacity[bin]!
      squares -= loads[bin]! * level[bin]!
      high = load / room
      if (rank === 0 || high >= level[order[rank - 1]!]!) break
    }
    squares += high * high * room

    load = weight
    room = 0
    let low = 0
    for (let rank = 0; rank < bins; rank++) {
      const bin = order[rank]!
      load += loads[bin]!
      room += capacity[bin]!
      squares -= loads[bin]! * level[bin]!
      low = load / room
      if (rank === bins - 1 || low <= level[order[rank + 1]!]!) break
    }
    return high <= low ? (total * total) / this.#room : squares + low * low * room
  }

  /** By insertion: the order hardly ever changes much. */
  #sort(): void {
    const order = this.#order
    const level = this.#level
    for (let rank = 1; rank < order.length; rank++) {
      const bin = order[rank]!
      const here = level[bin]!
      let at = rank
      while (at > 0 && level[order[at - 1]!]! > here) {
        order[at] = order[at - 1]!
        at--
      }
      order[at] = bin
    }
  }
}
