import { estimateDemand, mostDemand } from './demand.ts'
import { Elasticity, type Outside } from './elasticity.ts'
import { LevelFilter } from './level-filter.ts'
import type { DemandRange } from './view.ts'

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
   * Takes one sample's usage and delay, and how busy its pCPU was, NaN where unknown; and what changed of late beside
   * the vCPU.
   */
  next(usage: number, delay: number, busy: number, outside: Outside): DemandLevels {
    const least = estimateDemand(usage, Number.NaN)
    const most = mostDemand(usage, delay, busy)
    const closed = estimateDemand(usage, delay)
    if (least === undefined || most === undefined || closed === undefined) {
      return levels(this.#point.next(undefined), this.#low.next(undefined), this.#high.next(undefined))
    }
    if (!Number.isNaN(delay)) this.#elasticity.next(least, closed - least, outside)
    const { value, low, high } = this.#elasticity
    return levels(
      this.#point.next(least + value * (closed - least)),
      this.#low.next(least + low * (closed - least)),
      this.#high.next(least + high * (most - least)),
    )
  }
}

function levels(demand: number | undefined, low: number | undefined, high: number | undefined): DemandLevels {
  if (demand === undefined || low === undefined || high === undefined) return noDemand
  return { demand, demandRange: { low: Math.min(low, demand), high: Math.max(high, demand) } }
}
