import type { Model } from './model.ts'
import { priceOf } from './move-cost.ts'

/** How much worse two vCPUs of one guest on one core are than two of different guests: where it has threads, and where not. */
const together = { threads: 0.1, alone: 0.002 }

/**
 * A placement that moves can be tried on. What it is good for is `cost`, the less the better: the weighted sum of
 * squared loads, of cores and of threads, and what moves and places cost beside that.
 *
 * With capacities c and loads L the sum is that of L²/c. On a host with SMT it is taken of the cores and of the threads:
 * a second thread is worth the fraction s of a core, so spreading over threads counts s and over cores 1 - s.
 */
export class Arrangement {
  readonly model: Model
  readonly where: Int32Array
  readonly loads: Float64Array
  readonly coreLoads: Float64Array
  /** By bin: what a squared load on it counts, on the thread and on the core. */
  readonly perThread: Float64Array
  readonly perCore: Float64Array
  /** Sum of squared loads, weighted. */
  squares: number
  /** Squares, and the price of moves and places. Places count from where all are at first, so it can fall below. */
  cost: number
  /** Items that are not where they started. */
  moves = 0

  constructor(model: Model, demand: Float64Array = model.demand, where: Int32Array = model.start) {
    const { shape, fixed, start } = model
    this.model = model
    this.where = start.slice()
    this.loads = fixed.slice()
    for (let item = 0; item < start.length; item++) this.loads[start[item]!]! += demand[item]!
    this.coreLoads = new Float64Array(shape.coreCapacity.length)
    this.perThread = shape.capacity.map((capacity) => shape.sibling / capacity)
    this.perCore = Float64Array.from(shape.core, (core) => (1 - shape.sibling) / shape.coreCapacity[core]!)
    this.squares = 0
    for (let bin = 0; bin < this.loads.length; bin++) {
      const load = this.loads[bin]!
      this.squares += load * load * this.perThread[bin]!
      this.coreLoads[shape.core[bin]!]! += load
    }
    for (const [core, load] of this.coreLoads.entries()) {
      this.squares += ((1 - shape.sibling) * load * load) / shape.coreCapacity[core]!
    }
    this.cost = this.squares
    if (where !== start) for (let item = 0; item < start.length; item++) this.move(item, where[item]!)
  }

  /** Sum of all loads. */
  total(): number {
    return this.loads.reduce((sum, load) => sum + load, 0)
  }

  /** Half of what the sum of squares grows by for a little more load there. */
  pressure(bin: number): number {
    const core = this.coreLoads[this.model.shape.core[bin]!]!
    return this.perThread[bin]! * this.loads[bin]! + this.perCore[bin]! * core
  }

  /** By how much the sum of squares falls when `load` goes from one bin to another. */
  fall(load: number, from: number, to: number): number {
    return load * (2 * (this.pressure(from) - this.pressure(to)) - load * this.curve(from, to))
  }

  /** What the square of a load that goes from one bin to another counts of the sum. */
  curve(from: number, to: number): number {
    const { core } = this.model.shape
    const threads = this.perThread[from]! + this.perThread[to]!
    return core[from] === core[to] ? threads : threads + (this.perCore[from]! + this.perCore[to]!)
  }

  /** By how much the cost falls when an item is moved. */
  gain(item: number, to: number): number {
    const from = this.where[item]!
    return this.fall(this.model.demand[item]!, from, to) + this.favour(item, to)
  }

  /** What a move changes beside the sum of squares: prices, the cell of its memory, its guest's other vCPUs. */
  favour(item: number, to: number): number {
    const { shape, price, start, demand, homeCell, guests, displaced } = this.model
    const from = this.where[item]!
    let favour = 0
    if (displaced[item] === 0) {
      const home = start[item]!
      favour = demand[item]! * (priceOf(shape, price, home, from) - priceOf(shape, price, home, to))
    }
    const home = homeCell[item]!
    if (home >= 0 && shape.cell[from] !== shape.cell[to]) {
      if (shape.cell[from] === home) favour -= 2 * demand[item]! * price.away
      if (shape.cell[to] === home) favour += 2 * demand[item]! * price.away
    }
    if (guests.itemsWith(item).length > 1 && shape.core[from] !== shape.core[to]) {
      favour += this.#crowding(item, from) - this.#crowding(item, to)
    }
    return favour
  }

  /**
   * What two items that are moved at once, together or past each other, gain beside the {@link favour} of each: each is judged as
   * if the other stayed. Together they crowd the one core as they did the other; past each other they never meet.
   */
  favourBeside(one: number, oneTo: number, other: number, otherTo: number): number {
    const { shape, guests, demand } = this.model
    if (!guests.areOfOne(one, other) || shape.core[oneTo] === shape.core[this.where[one]!]) return 0
    const crowding = 2 * demand[one]! * demand[other]! * this.#together()
    return oneTo === otherTo ? -2 * crowding : 2 * crowding
  }

  /** Moves an item; returns what the cost fell by. */
  move(item: number, to: number): number {
    const { demand, start, shape } = this.model
    const from = this.where[item]!
    if (from === to) return 0
    const load = demand[item]!
    const fall = this.fall(load, from, to)
    const gain = fall + this.favour(item, to)
    this.squares -= fall
    this.cost -= gain
    this.loads[from]! -= load
    this.loads[to]! += load
    this.coreLoads[shape.core[from]!]! -= load
    this.coreLoads[shape.core[to]!]! += load
    this.where[item] = to
    if (from === start[item]) this.moves++
    else if (to === start[item]) this.moves--
    return gain
  }

  /** The most that the other vCPUs of the item's guest could count for, all on its core. */
  mostCrowding(item: number): number {
    const { guests, demand } = this.model
    let load = 0
    for (const other of guests.itemsWith(item)) if (other !== item) load += demand[other]!
    return 2 * demand[item]! * load * this.#together()
  }

  /** What the other vCPUs of the item's guest on the core of `bin` count for. */
  #crowding(item: number, bin: number): number {
    const { shape, guests, demand } = this.model
    let load = 0
    for (const other of guests.itemsWith(item)) {
      if (other !== item && shape.core[this.where[other]!] === shape.core[bin]) load += demand[other]!
    }
    return 2 * demand[item]! * load * this.#together()
  }

  #together(): number {
    return this.model.shape.sibling < 1 ? together.threads : together.alone
  }
}
