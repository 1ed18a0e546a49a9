import { Random } from '../../util/random.ts'
import type { Demand } from './scenario.ts'

/** What a guest wants over time. */
export class DemandSource {
  readonly #random: Random
  #demand: Demand
  /** For `random`: the distance from the mean, and the interval for which it was drawn. */
  #distance = 0
  #drawn = -1

  constructor(demand: Demand, seed: number, guest: string) {
    this.#demand = demand
    this.#random = new Random(seed, `demand of ${guest}`)
  }

  change(demand: Demand): void {
    this.#demand = demand
    this.#distance = 0
  }

  /** pCPUs in interval number `index`, at `time` milliseconds; asked for intervals in their order. */
  at(time: number, index: number): number {
    const demand = this.#demand
    switch (demand.kind) {
      case 'steady':
        return demand.demand
      case 'random':
        return Math.max(0, demand.mean + this.#distanceAt(index, demand.spread, demand.keeps ?? 0.9))
      case 'wave': {
        const { mean, height, period, at = 0 } = demand
        return Math.max(0, mean + height * Math.sin(2 * Math.PI * (time / period + at)))
      }
      case 'bursts': {
        const { low, high, period, part, at = 0 } = demand
        return (time / period + at) % 1 < part ? high : low
      }
    }
  }

  #distanceAt(index: number, spread: number, keeps: number): number {
    if (this.#drawn < 0) {
      this.#distance = spread * this.#normal()
      this.#drawn = index
    }
    for (; this.#drawn < index; this.#drawn++) {
      this.#distance = keeps * this.#distance + Math.sqrt(1 - keeps * keeps) * spread * this.#normal()
    }
    return this.#distance
  }

  /** Nearly normal, with a mean of 0 and a standard deviation of 1: a sum of twelve, so that it is the same on all machines. */
  #normal(): number {
    let sum = -6
    for (let i = 0; i < 12; i++) sum += this.#random.next()
    return sum
  }
}
