import { Arrangement } from './arrangement.ts'
import { levelled } from './levelled.ts'
import type { Model } from './model.ts'
import { distances } from './price.ts'

/** A difference of costs that is none. */
const nothing = 1e-12
/**
 * The same where moves differ in price, as a fraction of the mean by which every bin is off: without it, all ways that
 * differ in nothing but some cheap moves would be looked at.
 */
const unevenSlack = 0.003
/** Loads below this are not worth a look: moving them changes nothing. */
const tiny = 1e-6

/** The best placement that was found, by its cost. */
export interface Best {
  readonly where: Int32Array
  readonly cost: number
  readonly squares: number
  readonly moves: number
}

/** Nodes that may still be looked at, over all searches that share it. */
export interface Effort {
  nodes: number
}

/**
 * Branch and bound over the ways of moving at most so many items: the heaviest first, each to the bin with the least
 * pressure first. A branch is left when its load, could the weight of the moves that remain be taken off the
 * highest and poured onto the lowest as one likes, would still not be better than the best that is known.
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
  /** What every move costs at least. */
  readonly #leastPrice: number
  /** What is less better than the best that is known is not looked for. */
  readonly #slack: number
  #best: Best

  constructor(model: Model, effort: Effort) {
    this.#model = model
    this.#effort = effort
    this.#now = new Arrangement(model)
    this.#items = [...model.demand.keys()].filter((item) => model.demand[item]! > tiny)
    const { demand, start, allowed, guest, items, homeCell } = model
    this.#same = Uint8Array.from(this.#items, (item, rank) => {
      const before = rank > 0 ? this.#items[rank - 1]! : -1
      const same =
        before >= 0 &&
        demand[item] === demand[before] &&
        start[item] === start[before] &&
        allowed[item] === allowed[before] &&
        homeCell[item] === homeCell[before] &&
        items[guest[item]!]!.length === 1 &&
        items[guest[before]!]!.length === 1 &&
        model.homeless[item] === model.homeless[before]
      return same ? 1 : 0
    })
    this.#before = new Float64Array(this.#items.length + 1)
    this.#favours = new Float64Array(this.#items.length + 1)
    for (const [rank, item] of this.#items.entries())
      this.#before[rank + 1] = this.#before[rank]! + demand[item]!
    for (let rank = this.#items.length - 1; rank >= 0; rank--) {
      this.#favours[rank] = this.#favours[rank + 1]! + this.#mostFavour(this.#items[rank]!)
    }
    const prices = new Set(distances(model.shape, model.price))
    this.#leastPrice = Math.min(...prices)
    const { shape } = model
    const middle = this.#now.total() / shape.capacity.reduce((sum, one) => sum + one, 0)
    this.#slack = prices.size > 1 ? shape.capacity.length * (unevenSlack * middle) ** 2 : nothing
    this.#best = { where: model.start, cost: this.#now.cost, squares: this.#now.squares, moves: 0 }
  }

  /** No placement with at most so many moves has a smaller sum of squares than this. */
  bound(moves: number): number {
    const most = this.#before[Math.min(moves, this.#items.length)]!
    return levelled(this.#now, most)
  }

  get candidates(): number {
    return this.#items.length
  }

  /**
   * The least cost with at most `moves` moves, `known` being one of those there are. Whether all was looked at
   * that could be better, `complete` says.
   */
  run(moves: number, known: Best): { readonly best: Best; readonly complete: boolean } {
    if (known.cost < this.#best.cost) this.#best = known
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
    const beside = now.cost - now.squares - this.#favours[rank]!
    const limit = this.#best.cost - this.#slack - beside
    for (let left = Math.min(moves, this.#items.length - rank); left >= 0; left--) {
      const bound = levelled(now, this.#before[rank + left]! - this.#before[rank]!)
      if (bound >= limit) return true
      if (bound + left * this.#leastPrice < limit) return false
    }
    return true
  }

  #branch(rank: number, moves: number): boolean {
    const now = this.#now
    const item = this.#items[rank]!
    const home = now.where[item]!
    const { cost, squares } = now
    const allowed = this.#model.allowed[item]!
    for (const to of this.#byPressure()) {
      if (to === home || allowed[to] === 0) continue
      if (--this.#effort.nodes < 0) return false
      if (moves === 1) {
        if (cost - now.gain(item, to) >= this.#best.cost - this.#slack) continue
        now.move(item, to)
        this.#remember()
      } else {
        now.move(item, to)
        if (now.cost < this.#best.cost - this.#slack) this.#remember()
        const complete = this.#descend(rank + 1, moves - 1)
        if (!complete) return false
      }
      now.move(item, home)
      // Exactly as it was: sums of differences would drift.
      now.cost = cost
      now.squares = squares
    }
    return true
  }

  #byPressure(): number[] {
    const now = this.#now
    const order = Array.from(now.loads, (_, bin) => bin)
    const pressure = order.map((bin) => now.pressure(bin))
    return order.sort((a, b) => pressure[a]! - pressure[b]!)
  }

  #remember(): void {
    const { where, cost, squares, moves } = this.#now
    this.#best = { where: where.slice(), cost, squares, moves }
  }

  #mostFavour(item: number): number {
    const { demand, guest, items, homeCell, price, shape, start } = this.#model
    const home = homeCell[item]!
    let favour = home >= 0 && shape.cell[start[item]!] !== home ? 2 * demand[item]! * price.away : 0
    const own = items[guest[item]!]!
    if (own.length > 1) favour += this.#now.mostCrowding(item)
    return favour
  }
}
