import { Arrangement } from './arrangement.ts'
import type { Model } from './model.ts'
import { distances } from './move-cost.ts'
import { Levelled } from './water-filling.ts'

/** A difference of costs that is none. */
const nothing = 1e-12
/**
 * The same where moves differ in price, as a fraction of the mean by which every bin is off: without it, all plans that
 * differ only in some cheap moves would be visited.
 */
const unevenSlack = 0.003
/** Loads below this are ignored: moving them changes nothing. */
const tiny = 1e-6

/** The best placement that was found, by its cost. */
export interface Best {
  readonly where: Int32Array
  readonly cost: number
  readonly squares: number
  readonly moves: number
}

/** Nodes that may still be visited, over all searches that share it. */
export interface Effort {
  nodes: number
}

/**
 * Branch and bound over the plans with at most N moves: the heaviest item first, each to the bin with the least pressure
 * first. A branch is cut when its load would not be better than the best known one even if the weight of the remaining
 * moves could be taken off the highest bins and poured onto the lowest at will.
 */
export class ExactSearch {
  readonly #model: Model
  readonly #items: readonly number[]
  /** By candidate: 1 where it is like the one before it in all that matters. */
  readonly #same: Uint8Array
  /** By candidate: sum of the loads before it. */
  readonly #before: Float64Array
  /** By candidate: most that it and those after it could gain beside the sum of squares. */
  readonly #favours: Float64Array
  readonly #now: Arrangement
  readonly #effort: Effort
  readonly #levelled: Levelled
  /** Whether bins differ in their load only. */
  readonly #isPlain: boolean
  /** By moves that remain: bins in order. */
  readonly #order: Int32Array[] = []
  readonly #pressure: Float64Array
  /** A smaller gain over the best known placement is ignored. */
  readonly #slack: number
  #best: Best

  constructor(model: Model, effort: Effort) {
    this.#model = model
    this.#effort = effort
    this.#now = new Arrangement(model)
    this.#items = [...model.demand.keys()].filter((item) => model.demand[item]! > tiny)
    const { demand, start, allowed, guests, homeCell } = model
    this.#same = Uint8Array.from(this.#items, (item, rank) => {
      const before = rank > 0 ? this.#items[rank - 1]! : -1
      const same =
        before >= 0 &&
        demand[item] === demand[before] &&
        start[item] === start[before] &&
        allowed[item] === allowed[before] &&
        homeCell[item] === homeCell[before] &&
        guests.itemsWith(item).length === 1 &&
        guests.itemsWith(before).length === 1 &&
        model.displaced[item] === model.displaced[before]
      return same ? 1 : 0
    })
    this.#before = new Float64Array(this.#items.length + 1)
    this.#favours = new Float64Array(this.#items.length + 1)
    for (const [rank, item] of this.#items.entries())
      this.#before[rank + 1] = this.#before[rank]! + demand[item]!
    for (let rank = this.#items.length - 1; rank >= 0; rank--) {
      this.#favours[rank] = this.#favours[rank + 1]! + this.#mostFavour(this.#items[rank]!)
    }
    const { shape, price } = model
    const middle = this.#now.total() / shape.capacity.reduce((sum, one) => sum + one, 0)
    const isEven = distances(shape, price).every((one) => one === 0)
    this.#slack = isEven ? nothing : shape.capacity.length * (unevenSlack * middle) ** 2
    this.#isPlain =
      isEven &&
      shape.sibling === 1 &&
      shape.capacity.every((one) => one === shape.capacity[0]) &&
      homeCell.every((cell) => cell < 0 || shape.cellIds.length === 1) &&
      demand.every((_, item) => guests.itemsWith(item).length === 1)
    this.#levelled = new Levelled(shape)
    this.#pressure = new Float64Array(shape.capacity.length)
    this.#best = { where: model.start, cost: this.#now.cost, squares: this.#now.squares, moves: 0 }
  }

  /** Lower bound of the sum of squares of all placements with at most that many moves. */
  bound(moves: number): number {
    const most = this.#before[Math.min(moves, this.#items.length)]!
    return this.#levelled.squares(this.#now, most)
  }

  get candidates(): number {
    return this.#items.length
  }

  /**
   * The least cost with at most `moves` moves, `known` being one of those there are. Whether all was looked at
   * that could be better, `complete` says.
   */
  run(moves: number, known: Best): { readonly best: Best; readonly complete: boolean } {
    this.#best = known
    return { complete: this.#descend(0, moves), best: this.#best }
  }

  /** False: it was cut short. */
  #descend(from: number, moves: number): boolean {
    for (let rank = from; rank < this.#items.length; rank++) {
      if (rank > from && this.#same[rank] === 1) continue
      if (this.#isHopeless(rank, moves)) return true
      if (!this.#branch(rank, moves)) return false
    }
    return true
  }

  /** Whether no `moves` moves of the candidates from `rank` on can lead to anything better. */
  #isHopeless(rank: number, moves: number): boolean {
    const now = this.#now
    const last = Math.min(rank + moves, this.#items.length)
    const weight = this.#before[last]! - this.#before[rank]!
    const beside = now.cost - now.squares - this.#favours[rank]!
    return beside + this.#levelled.squares(now, weight) >= this.#best.cost - this.#slack
  }

  #branch(rank: number, moves: number): boolean {
    const now = this.#now
    const item = this.#items[rank]!
    const home = now.where[item]!
    const { cost, squares } = now
    const allowed = this.#model.allowed[item]!
    const targets = this.#byPressure(moves)
    for (let at = 0; at < targets.length; at++) {
      const to = targets[at]!
      if (to === home || allowed[to] === 0) continue
      if (--this.#effort.nodes < 0) return false
      if (moves > 1 || cost - now.gain(item, to) < this.#best.cost - this.#slack) {
        now.move(item, to)
        if (now.cost < this.#best.cost - this.#slack) this.#remember()
        const complete = moves === 1 || this.#descend(rank + 1, moves - 1)
        now.move(item, home)
        // Exactly as it was: sums of differences would drift.
        now.cost = cost
        now.squares = squares
        if (!complete) return false
      }
      // Where bins differ in load only, none gains more than the lowest.
      if (moves === 1 && this.#isPlain) break
    }
    return true
  }

  /** All bins, those with the least pressure first; the array is used again at the same depth. */
  #byPressure(moves: number): Int32Array {
    this.#order[moves] ??= new Int32Array(this.#now.loads.length)
    const order = this.#order[moves]
    const pressure = this.#pressure
    for (let bin = 0; bin < order.length; bin++) {
      const here = this.#now.pressure(bin)
      pressure[bin] = here
      let at = bin
      while (at > 0 && pressure[order[at - 1]!]! > here) {
        order[at] = order[at - 1]!
        at--
      }
      order[at] = bin
    }
    return order
  }

  #remember(): void {
    const { where, cost, squares, moves } = this.#now
    this.#best = { where: where.slice(), cost, squares, moves }
  }

  #mostFavour(item: number): number {
    const { demand, guests, homeCell, price, shape, start } = this.#model
    const home = homeCell[item]!
    let favour = home >= 0 && shape.cell[start[item]!] !== home ? 2 * demand[item]! * price.away : 0
    if (guests.itemsWith(item).length > 1) favour += this.#now.mostCrowding(item)
    return favour
  }
}
