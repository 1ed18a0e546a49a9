import type { CpuSample } from '../../host/sample.ts'
import { mean, standardDeviation } from '../../util/statistics.ts'
import { rowsByUuid } from '../../view/domains-by-uuid.ts'
import type { CpuFigures } from './figures.ts'

/**
 * What a CPU sample shows of vCPUs, of the pCPUs that they are on, and of the host, which is added up when it is first
 * asked for.
 */
export class SeenCpu {
  readonly #sample: CpuSample
  #host: HostFigures | undefined

  constructor(sample: CpuSample) {
    this.#sample = sample
  }

  /**
   * Of one vCPU of a domain, or of all of them, and of these pCPUs, or those that it is on. Undefined: it is not in the
   * sample.
   */
  figures(
    uuid: string,
    vcpu: number | undefined,
    pcpus: Iterable<number> | undefined,
  ): CpuFigures | undefined {
    const sample = this.#sample
    const index = rowsByUuid(sample.domains).get(uuid)
    if (index === undefined) return undefined
    let usage = 0
    let delay = 0
    const there = new Set<number>()
    let rows = 0
    for (let row = sample.vcpuStart[index]!; row < sample.vcpuStart[index + 1]!; row++) {
      if (vcpu !== undefined && sample.vcpu[row] !== vcpu) continue
      rows++
      usage += sample.usage[row]!
      delay += sample.delay[row]!
      if (sample.pcpu[row]! >= 0) there.add(sample.pcpu[row]!)
    }
    if (rows === 0) return undefined
    this.#host ??= hostFigures(sample)
    const { load, longest, deviation, worstDelay } = this.#host
    const about = [...(pcpus ?? there)]
    return {
      usage,
      delay,
      load: about.length > 0 ? mean(about.map((pcpu) => load[pcpu] ?? 0)) : Number.NaN,
      longestDelay: about.length > 0 ? Math.max(...about.map((pcpu) => longest[pcpu] ?? 0)) : Number.NaN,
      deviation,
      worstDelay,
    }
  }
}

interface HostFigures {
  /** By pCPU: what vCPUs ran on it, and the longest that one waited for it. */
  readonly load: Float64Array
  readonly longest: Float64Array
  readonly deviation: number
  readonly worstDelay: number
}

function hostFigures({ usage, delay, pcpu, pcpuBusy }: CpuSample): HostFigures {
  const load = new Float64Array(pcpuBusy.length)
  const longest = new Float64Array(pcpuBusy.length)
  let worstDelay = Number.NaN
  for (let row = 0; row < usage.length; row++) {
    const place = pcpu[row]!
    load[place]! += usage[row]! || 0
    const waited = delay[row]!
    if (Number.isNaN(waited)) continue
    longest[place] = Math.max(longest[place]!, waited)
    if (!(waited <= worstDelay)) worstDelay = waited
  }
  return {
    load,
    longest,
    deviation: standardDeviation(pcpuBusy.filter((busy) => !Number.isNaN(busy))),
    worstDelay,
  }
}
