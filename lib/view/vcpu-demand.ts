import { estimateDemand, mostDemand } from './demand.ts'
import { LevelFilter } from './level-filter.ts'
import type { DemandRange } from './view.ts'

/** What is known of one vCPU's demand after a sample. */
export interface DemandLevels {
  readonly demand: number | undefined
  readonly demandRange: DemandRange | undefined
}

export const noDemand: DemandLevels = { demand: undefined, demandRange: undefined }

/** One vCPU's demand over time: the point estimate and the interval that it lies in. */
export class VcpuDemand {
  readonly #point = new LevelFilter()
  readonly #low = new LevelFilter()
  readonly #high = new LevelFilter()

  /** Takes one sample's usage and delay, and how busy its pCPU was; NaN is unknown. */
  next(usage: number, delay: number, busy: number): DemandLevels {
    const demand = this.#point.next(estimateDemand(usage, delay))
    const low = this.#low.next(estimateDemand(usage, Number.NaN))
    const high = this.#high.next(mostDemand(usage, delay, busy))
    if (demand === undefined || low === undefined || high === undefined) return noDemand
    return { demand, demandRange: { low: Math.min(low, demand), high: Math.max(high, demand) } }
  }
}
