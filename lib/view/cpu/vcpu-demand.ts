import type { DemandRange } from '../view.ts'
import { closedDemand, estimateDemand, mostDemand, onLargest } from './demand.ts'
import { Elasticity, type Outside } from './elasticity.ts'
import { LevelFilter } from './step-filter.ts'

/** What one sample says of a vCPU. Changed in place: there are thousands of them. */
export interface VcpuReading {
  /** Fractions of the interval that it ran, that it waited for a pCPU, and that quotas held it back; delay may be NaN. */
  usage: number
  delay: number
  throttled: number
  /** How busy its pCPU was; NaN: not known. */
  busy: number
  /** Fraction of one pCPU that its quotas allow. */
  allowed: number
  /** How much work the pCPU that it ran on does against the host's largest. */
  capacity: number
}

/** One vCPU's demand over time: the point estimate and the interval that it lies in, with what was learned of it. */
export class VcpuDemand {
  readonly #elasticity = new Elasticity()
  readonly #point = new LevelFilter()
  readonly #low = new LevelFilter()
  readonly #high = new LevelFilter()

  /**
   * Takes in one sample's reading, and what recently changed beside the vCPU. Returns the interval that its demand lies in;
   * undefined where that is not known.
   */
  next(reading: VcpuReading, outside: Outside): DemandRange | undefined {
    const { usage, delay, throttled, busy, allowed, capacity } = reading
    const least = Math.min(allowed, capacity * estimateDemand(usage, Number.NaN))
    const closed = Math.min(
      allowed,
      onLargest(closedDemand(usage, delay, throttled), usage + delay, capacity),
    )
    const most = Math.min(
      allowed,
      onLargest(mostDemand(usage, delay + throttled, busy), usage + delay, capacity),
    )
    if (!Number.isNaN(closed - least) && !Number.isNaN(delay)) {
      this.#elasticity.next(least, closed - least, outside)
    }
    const { value, low, high } = this.#elasticity
    this.#point.next(least + value * (closed - least))
    this.#low.next(least + low * (closed - least))
    this.#high.next(least + high * (most - least))
    const demand = this.#point.level
    if (Number.isNaN(demand)) return undefined
    return { low: Math.min(this.#low.level, demand), high: Math.max(this.#high.level, demand) }
  }

  /** The point estimate, 0 to 1; NaN where that is not known. */
  get level(): number {
    return this.#point.level
  }

  /** Forgets the levels; what was learned of the vCPU stays. */
  interrupt(): void {
    this.#elasticity.interrupt()
    for (const level of [this.#point, this.#low, this.#high]) level.forget()
  }
}
