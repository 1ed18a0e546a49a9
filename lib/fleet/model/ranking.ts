import type { Columns } from './columns.ts'

/** Hosts by load, the least loaded first, kept in order as units are moved. */
export class Ranking {
  readonly #columns: Columns
  readonly #order: number[]
  readonly #loads: Float64Array

  constructor(columns: Columns) {
    this.#columns = columns
    this.#loads = Float64Array.from(columns.budget, (_, host) => columns.load(host))
    this.#order = [...this.#loads.keys()].sort((a, b) => this.#before(a, b))
  }

  /** After something was put on these hosts, or taken from them. */
  changed(...hosts: readonly number[]): void {
    for (const host of hosts) this.#order.splice(this.#order.indexOf(host), 1)
    for (const host of hosts) {
      this.#loads[host] = this.#columns.load(host)
      let low = 0
      let high = this.#order.length
      while (low < high) {
        const middle = (low + high) >> 1
        if (this.#before(this.#order[middle]!, host) < 0) low = middle + 1
        else high = middle
      }
      this.#order.splice(low, 0, host)
    }
  }

  /** Up to `count` hosts that may take a unit and have the memory for it, the least loaded first. */
  targets(unit: number, strict: boolean, count: number): number[] {
    const found: number[] = []
    for (const host of this.#order) {
      if (!this.#columns.fits(unit, host) || !this.#columns.isAllowed(unit, host, strict)) continue
      found.push(host)
      if (found.length === count) break
    }
    return found
  }

  /** The most loaded host that may take a unit, has the memory, and suits; of the `count` most loaded that may take it. */
  fullest(unit: number, count: number, suits: (host: number) => boolean): number | undefined {
    let looked = 0
    for (const host of this.#order.toReversed()) {
      if (!this.#columns.fits(unit, host) || !this.#columns.isAllowed(unit, host, true)) continue
      if (suits(host)) return host
      if (++looked >= count) return undefined
    }
    return undefined
  }

  /** The least loaded hosts. */
  first(count: number): readonly number[] {
    return this.#order.slice(0, count)
  }

  /** The most loaded host that is none of these. */
  most(except: ReadonlySet<number>): number | undefined {
    return this.#order.findLast((host) => !except.has(host))
  }

  #before(a: number, b: number): number {
    return this.#loads[a]! - this.#loads[b]! || a - b
  }
}
