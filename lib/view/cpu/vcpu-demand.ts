import type { DemandRange } from '../view.ts'
import { estimateDemand, mostDemand } from './demand.ts'
import { Elasticity, type Outside } from './elasticity.ts'
import { LevelFilter } from './step-filter.ts'

/** What is known of one vCPU's demand after a sample. */
export interface DemandLevels {
  readonly demand: number | undefined
  readonly demandRange: DemandRange | undefined
}

export const noDemand: DemandLevels = { demand: undefined, demandRange: undefined }

/** One vCPU's demand over time: the point estimate and the interval that it lies in, with what was learned of it. */
export class VcpuDemand {
  readonly #elasticity = new Elasticity()
  readonly #point = new LevelFilter()
  readonly #low = new LevelFilter()
  readonly #high = new LevelFilter()

  /**
   * Takes one sample's usage and delay, and how busy its pCPU was, NaN where unknown; and what recently changed beside
   * the vCPU.
   */
  next(usage: number, delay: number, busy: number, outside: Outside): DemandLevels {
    const least = estimateDemand(usage, Number.NaN)
    const closed = estimateDemand(usage, delay)
    const most = mostDemand(usage, delay, busy)
    if (!Number.isNaN(closed - least) && !Number.isNaN(delay)) {
      this.#elasticity.next(least, closed - least, outside)
    }
    const { value, low, high } = this.#elasticity
    return levels(
      this.#point.next(least + value * (closed - least)),
      this.#low.next(least + low * (closed - least)),
      this.#high.next(least + high * (most - least)),
    )
  }

  /** Forgets the levels; what was learned of the vCPU stays. */
  interrupt(): void {
    this.#elasticity.interrupt()
    for (const level of [this.#point, this.#low, this.#high]) level.forget()
  }
}

function levels(demand: number, low: number, high: number): DemandLevels {
  if (Number.isNaN(demand)) return noDemand
  return { demand, demandRange: { low: Math.min(low, demand), high: Math.max(high, demand) } }
}
