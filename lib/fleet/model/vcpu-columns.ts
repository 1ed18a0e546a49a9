import { bins, delayBelowCapacity, isSleepless, predictedDelay } from '../cost/predicted-delay.ts'
import { steppedDelay } from '../cost/stepped-delay.ts'
import type { VcpuGroup } from './units.ts'

/** Slack of sums that are made up again and again. */
const nothing = 1e-9

/** By host, what its vCPUs want, and what is predicted that the worst-served of them waits. */
export class VcpuColumns {
  /** How far vCPUs stay where they were put: 0 for what the kernel moves as it likes, 1 for what is in steps. */
  #stepping = 0
  readonly #capacity: Float64Array
  readonly #counts: Float64Array
  readonly #sums: Float64Array
  /** Sum of the demands, of their squares, the largest of them, and how many hardly ever sleep. */
  readonly #totals: Float64Array
  readonly #squares: Float64Array
  readonly #largest: Float64Array
  readonly #sleepless: Float64Array
  readonly #countScratch = new Float64Array(bins)
  readonly #sumScratch = new Float64Array(bins)

  constructor(capacity: Float64Array) {
    this.#capacity = capacity
    const hosts = capacity.length
    this.#counts = new Float64Array(hosts * bins)
    this.#sums = new Float64Array(hosts * bins)
    this.#totals = new Float64Array(hosts)
    this.#squares = new Float64Array(hosts)
    this.#largest = new Float64Array(hosts)
    this.#sleepless = new Float64Array(hosts)
  }

  /**
   * Learns from what is measured how far the delay goes up in steps: the share of the steps with which the predictions of
   * all hosts are nearest, by least squares. NaN: not measured.
   */
  learn(measured: Float64Array): void {
    let along = 0
    let squares = 0
    for (const [host, seen] of measured.entries()) {
      if (Number.isNaN(seen)) continue
      const [at, capacity] = [host * bins, this.#capacity[host]!]
      const smooth = predictedDelay(this.#counts, this.#sums, at, capacity)
      const step = steppedDelay(this.#counts, this.#sums, at, capacity) - smooth
      along += (seen - smooth) * step
      squares += step * step
    }
    this.#stepping = squares > nothing ? Math.min(1, Math.max(0, along / squares)) : 0
  }

  add(host: number, vcpus: readonly VcpuGroup[], sign: 1 | -1): void {
    const begin = host * bins
    for (const { bin, count, sum } of vcpus) {
      this.#counts[begin + bin]! += sign * count
      this.#sums[begin + bin]! += sign * sum
      this.#totals[host]! += sign * sum
      this.#squares[host]! += (sign * sum * sum) / count
      if (isSleepless(bin)) this.#sleepless[host]! += sign * count
    }
  }

  /** The predicted delay of a host as it is. */
  predict(host: number): number {
    let top = bins - 1
    while (top >= 0 && this.#counts[host * bins + top]! <= nothing) top--
    this.#largest[host] = top < 0 ? 0 : this.#sums[host * bins + top]! / this.#counts[host * bins + top]!
    return this.#delayOf(this.#counts, this.#sums, host * bins, this.#capacity[host]!)
  }

  /** The predicted delay of a host with these vCPUs more, or less. */
  predictWith(host: number, more: readonly VcpuGroup[], less: readonly VcpuGroup[]): number {
    if (less.length === 0 && this.#stepping === 0) {
      const delay = this.#withMore(host, more)
      if (delay !== undefined) return delay
    }
    const counts = this.#countScratch
    const sums = this.#sumScratch
    const begin = host * bins
    for (let bin = 0; bin < bins; bin++) {
      counts[bin] = this.#counts[begin + bin]!
      sums[bin] = this.#sums[begin + bin]!
    }
    addTo(counts, sums, more, 1)
    addTo(counts, sums, less, -1)
    return this.#delayOf(counts, sums, 0, this.#capacity[host]!)
  }

  /** The predicted delay of a host with these vCPUs alone. */
  predictOnly(host: number, all: Iterable<readonly VcpuGroup[]>): number {
    const counts = this.#countScratch.fill(0)
    const sums = this.#sumScratch.fill(0)
    for (const vcpus of all) addTo(counts, sums, vcpus, 1)
    return this.#delayOf(counts, sums, 0, this.#capacity[host]!)
  }

  /**
   * No placement has the worst-served vCPU wait less: if each waits w of the time at most, each runs for 1 - w of its demand at
   * least, and all together not more than there is.
   */
  get least(): number {
    let demand = 0
    let capacity = 0
    for (const [host, own] of this.#capacity.entries()) {
      capacity += own
      demand += this.#totals[host]!
    }
    return demand > capacity ? 1 - capacity / demand : 0
  }

  #delayOf(counts: Float64Array, sums: Float64Array, at: number, capacity: number): number {
    const smooth = predictedDelay(counts, sums, at, capacity)
    if (this.#stepping === 0) return smooth
    return smooth + this.#stepping * (steppedDelay(counts, sums, at, capacity) - smooth)
  }

  /** The same as {@link predictWith} at once, where no delay goes in steps and there is the capacity; undefined otherwise. */
  #withMore(host: number, more: readonly VcpuGroup[]): number | undefined {
    const capacity = this.#capacity[host]!
    let total = this.#totals[host]!
    let squares = this.#squares[host]!
    let largest = this.#largest[host]!
    let sleepless = this.#sleepless[host]!
    for (const { bin, count, sum } of more) {
      total += sum
      squares += (sum * sum) / count
      largest = Math.max(largest, sum / count)
      if (isSleepless(bin)) sleepless += count
    }
    if (total > capacity || capacity <= 0) return undefined
    return delayBelowCapacity(total, squares, largest, sleepless, capacity)
  }
}

function addTo(counts: Float64Array, sums: Float64Array, vcpus: readonly VcpuGroup[], sign: 1 | -1): void {
  for (const { bin, count, sum } of vcpus) {
    counts[bin]! += sign * count
    sums[bin]! += sign * sum
  }
}
