import { Arrangement } from './arrangement.ts'
import { bestExchange, idealLoad } from './exchange.ts'
import type { Model } from './model.ts'

/** Least fall of the cost that counts as one. */
const leastGain = 1e-9
/**
 * Part of what is missing to the goal by which a round over all bins has to come nearer for there to be another: it takes as
 * long as all steps before it, and where the goal is out of reach many rounds change next to nothing.
 */
const leastOfMissing = 0.01
/** How many items next to the one of ideal size are tried, to either side. */
const neighbours = 3
/** From a bin with more items than this, one of fitting size can always be moved: no swap is looked for. */
const crowd = 128

/** A move, or a swap when `other` is there: `other` then goes the opposite way. */
interface Step {
  item: number
  to: number
  other: number
  /** By how much the cost falls, per item moved. */
  gain: number
}

/** One point of a descent. */
export interface Waypoint {
  readonly moves: number
  readonly squares: number
  readonly cost: number
  /** How many entries of the log lead here. */
  readonly steps: number
}

/**
 * Which step is the best: the one that gains most for each item that it moves, or most in all. The first ends with the fewest
 * moves where loads are of many sizes. Of a few sizes it is a trap: a light one that leaves a pCPU with one heavy too many
 * gains more than half of the swap that puts it right, and what is left then takes an exchange of three.
 */
export type Steepness = 'for each move' | 'in all'

/** A descent: where it went, and how to come to any point of it. */
export interface Descent {
  /** Whether moves and swaps alone led to the goal. */
  readonly isEasy: boolean
  readonly way: readonly Waypoint[]
  /** The placement at a point of the descent. */
  at(point: Waypoint): Int32Array
}

/**
 * Steepest descent: from the bin with the most pressure that can gain, the move or swap that lowers the cost most, as
 * `steepness` says, then exchanges of one item for two, until the sum of squares is at most `goal` or nothing helps any more.
 * A move of `w` gains most for `w` in the middle of its bin's excess, so of a bin's items, in order of size, only a few have to be
 * tried, and each step takes about as long as one pass over the bins.
 */
export function descend(model: Model, goal: number, steepness: Steepness): Descent {
  return new DescentSearch(model, steepness).run(goal)
}

class DescentSearch {
  readonly #model: Model
  readonly #now: Arrangement
  /** By bin: its items, the heaviest first (items are numbered so). */
  readonly #on: number[][]
  readonly #log: { readonly item: number; readonly to: number }[] = []
  readonly #swapCounts: 1 | 2
  #isEasy = true
  /** By item: its class of rights. */
  readonly #targets = new Int32Array(0)
  readonly #best: Step = { item: -1, to: -1, other: -1, gain: 0 }

  constructor(model: Model, steepness: Steepness) {
    this.#model = model
    this.#swapCounts = steepness === 'in all' ? 1 : 2
    this.#now = new Arrangement(model)
    this.#on = Array.from(this.#now.loads, () => [])
    for (let item = 0; item < model.start.length; item++) this.#on[model.start[item]!]!.push(item)
    this.#targets = new Int32Array(2 * model.shape.cellIds.length + 2)
  }

  run(goal: number): Descent {
    const now = this.#now
    const way: Waypoint[] = [{ moves: now.moves, squares: now.squares, cost: now.cost, steps: 0 }]
    const closed = new Uint8Array(now.loads.length)
    let before = now.squares
    while (now.squares > goal) {
      const source = this.#mostPressed(closed)
      if (source < 0) {
        if (before - now.squares < leastOfMissing * (before - goal)) break
        before = now.squares
        closed.fill(0)
        continue
      }
      if (!this.#step(source) && !this.#exchange(source)) {
        closed[source] = 1
        continue
      }
      way.push({ moves: now.moves, squares: now.squares, cost: now.cost, steps: this.#log.length })
    }
    return { isEasy: this.#isEasy, way, at: (point) => this.#placeAt(point) }
  }

  #placeAt(point: Waypoint): Int32Array {
    const where = this.#model.start.slice()
    for (const { item, to } of this.#log.slice(0, point.steps)) where[item] = to
    return where
  }

  #mostPressed(closed: Uint8Array): number {
    let most = -1
    let pressure = 0
    for (let bin = 0; bin < closed.length; bin++) {
      if (closed[bin] === 1 || this.#on[bin]!.length === 0) continue
      const here = this.#now.pressure(bin)
      if (most < 0 || here > pressure) {
        most = bin
        pressure = here
      }
    }
    return most
  }

  /** Takes the best step from `source`; false: there is none. */
  #step(source: number): boolean {
    const best = this.#best
    best.gain = leastGain
    best.item = -1
    const items = this.#on[source]!
    let rights: Uint8Array | undefined
    const seen = new Set<Uint8Array>()
    for (const item of items) {
      const allowed = this.#model.allowed[item]!
      if (allowed === rights || seen.has(allowed)) continue
      rights = allowed
      seen.add(allowed)
      const targets = this.#targetsFor(source, allowed)
      for (const to of targets) if (to >= 0) this.#tryTarget(source, to, allowed)
    }
    if (best.item < 0) return false
    this.#put(best.item, best.to)
    if (best.other >= 0) this.#put(best.other, source)
    return true
  }

  /** What helps where no move and no swap does; false: there is nothing either. */
  #exchange(source: number): boolean {
    this.#isEasy = false
    const found = bestExchange(this.#now, this.#on, source, leastGain)
    if (!found) return false
    for (const item of found.out) this.#put(item, found.to)
    for (const item of found.back) this.#put(item, source)
    return true
  }

  /** Of the bins that may be moved to: the one with the least pressure in each cell, in the same cache and on the same core. */
  #targetsFor(source: number, allowed: Uint8Array): Int32Array {
    const { cell, cache, core, cellIds } = this.#model.shape
    const targets = this.#targets.fill(-1)
    const ownCache = cellIds.length
    const ownCore = ownCache + 1
    const pressed = (slot: number, bin: number, pressure: number) => {
      if (targets[slot]! < 0 || pressure < this.#now.pressure(targets[slot]!)) targets[slot] = bin
    }
    for (let bin = 0; bin < allowed.length; bin++) {
      if (allowed[bin] === 0 || bin === source) continue
      const pressure = this.#now.pressure(bin)
      pressed(cell[bin]!, bin, pressure)
      if (cache[bin] === cache[source]) pressed(ownCache, bin, pressure)
      if (core[bin] === core[source]) pressed(ownCore, bin, pressure)
    }
    return targets
  }

  #tryTarget(source: number, to: number, rights: Uint8Array): void {
    const now = this.#now
    const { demand, allowed } = this.#model
    const ideal = idealLoad(now, source, to)
    const items = this.#on[source]!
    const middle = this.#firstNotAbove(items, ideal)
    this.#tryMoves(items, middle, 1, to, rights)
    this.#tryMoves(items, middle - 1, -1, to, rights)
    // Where a swap counts as two moves it cannot do better than half of what levelling both bins gains.
    if (items.length > crowd || now.fall(ideal, source, to) / this.#swapCounts <= this.#best.gain) return

    // Two pointers: the partner that makes the difference ideal only grows smaller as the item does.
    const others = this.#on[to]!
    let partner = 0
    for (const item of items) {
      if (allowed[item] !== rights) continue
      while (partner < others.length && demand[others[partner]!]! > demand[item]! - ideal) partner++
      for (let at = Math.max(0, partner - 1); at <= partner && at < others.length; at++) {
        this.#trySwap(item, others[at]!, source, to)
      }
    }
  }

  #tryMoves(
    items: readonly number[],
    first: number,
    direction: 1 | -1,
    to: number,
    rights: Uint8Array,
  ): void {
    let looked = 0
    for (let at = first; at >= 0 && at < items.length && looked < neighbours; at += direction) {
      const item = items[at]!
      if (this.#model.allowed[item] !== rights) continue
      looked++
      this.#offer(item, to, -1, this.#now.gain(item, to) / this.#steps(item, to))
    }
  }

  #trySwap(item: number, other: number, source: number, to: number): void {
    const { demand, allowed } = this.#model
    const difference = demand[item]! - demand[other]!
    if (difference <= 0 || allowed[other]![source] === 0) return
    const now = this.#now
    const steps = this.#swapCounts === 1 ? 1 : Math.max(1, this.#steps(item, to) + this.#steps(other, source))
    const fall = now.fall(difference, source, to)
    if (fall / steps <= this.#best.gain) return
    const favour =
      now.favour(item, to) + now.favour(other, source) + now.favourBeside(item, to, other, source)
    this.#offer(item, to, other, (fall + favour) / steps)
  }

  /** How many more items are away from where they started after a move. One that goes on or home is a step all the same. */
  #steps(item: number, to: number): number {
    const start = this.#model.start[item]!
    return this.#now.where[item] === start || to !== start ? 1 : 0.5
  }

  #offer(item: number, to: number, other: number, gain: number): void {
    if (gain <= this.#best.gain) return
    this.#best.item = item
    this.#best.to = to
    this.#best.other = other
    this.#best.gain = gain
  }

  #put(item: number, to: number): void {
    const from = this.#on[this.#now.where[item]!]!
    from.splice(this.#rank(from, item), 1)
    const onto = this.#on[to]!
    onto.splice(this.#rank(onto, item), 0, item)
    this.#now.move(item, to)
    this.#log.push({ item, to })
  }

  /** Where an item stands, or belongs, among others in ascending order of number. */
  #rank(items: readonly number[], item: number): number {
    let low = 0
    let high = items.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (items[middle]! < item) low = middle + 1
      else high = middle
    }
    return low
  }

  /** The first of a bin's items that is no heavier than `load`. */
  #firstNotAbove(items: readonly number[], load: number): number {
    const { demand } = this.#model
    let low = 0
    let high = items.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (demand[items[middle]!]! > load) low = middle + 1
      else high = middle
    }
    return low
  }
}
