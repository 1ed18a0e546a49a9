import type { CpuSet } from '../../host/cpuset.ts'
import type { CpuSample } from '../../host/sample.ts'
import { known } from '../../util/known.ts'
import type { VcpuView } from '../view.ts'
import { LevelFilter } from './step-filter.ts'

/**
 * What keeps each pCPU busy beside the vCPUs. A vCPU that may run on one pCPU only ran there. Of one that may run
 * on several it is unknown how its time was divided: it is taken to explain what is busy there, in proportion.
 */
export class Background {
  readonly #filters: readonly LevelFilter[]

  constructor(pcpuCount: number) {
    this.#filters = Array.from({ length: pcpuCount }, () => new LevelFilter())
  }

  /** Forgets the levels. */
  interrupt(): void {
    for (const filter of this.#filters) filter.forget()
  }

  /** By pCPU number: the level after this sample; undefined where it is not known. */
  next(cpu: CpuSample, vcpus: readonly VcpuView[]): readonly (number | undefined)[] {
    const left = cpu.pcpuBusy.slice()
    const floating = new Map<CpuSet, number>()
    for (const { affinity, pcpu, usage } of vcpus) {
      const only = affinity?.size === 1 ? affinity.first : affinity ? undefined : pcpu
      if (usage === undefined) {
        const place = only ?? pcpu
        if (place !== undefined) left[place] = Number.NaN
      } else if (only !== undefined) {
        left[only] = Math.max(0, left[only]! - usage)
      } else if (affinity) {
        floating.set(affinity, (floating.get(affinity) ?? 0) + usage)
      }
    }
    for (const [cpus, usage] of floating) takeOff(left, cpus, usage)
    return this.#filters.map((filter, pcpu) => known(filter.next(left[pcpu] ?? Number.NaN)))
  }
}

function takeOff(left: Float64Array, cpus: CpuSet, usage: number): void {
  let sum = 0
  for (const pcpu of cpus) sum += left[pcpu] || 0
  const rest = sum > usage ? 1 - usage / sum : 0
  for (const pcpu of cpus) left[pcpu]! *= rest
}
