import type { CpuSample, MemorySample } from '../host/sample.ts'
import { mean, standardDeviation } from '../util/statistics.ts'

/** How a guest and its host did over some CPU samples: means, in fractions of a pCPU. */
export interface CpuFigures {
  /** Of the vCPU that was changed; of all vCPUs of the guest together where none is named. */
  readonly usage: number
  /** Time that it was runnable and waited for a pCPU. */
  readonly delay: number
  /** Standard deviation of how busy the online pCPUs were. */
  readonly deviation: number
  /** Delay of the vCPU of the host that waited longest. */
  readonly worstDelay: number
}

/** How the memory of a guest did between some samples. Bytes, and events per second. */
export interface MemoryFigures {
  readonly actual: number
  /** Free, or page cache that can be dropped. */
  readonly usable: number
  /** Bytes swapped in and out, per second. */
  readonly swapped: number
  readonly majorFaults: number
}

/** NaN where nothing is known. Undefined: the guest is in none of the samples. */
export function cpuFigures(
  samples: readonly CpuSample[],
  uuid: string,
  vcpu?: number,
): CpuFigures | undefined {
  const seen = samples.flatMap((sample) => {
    const rows = rowsOf(sample, uuid).filter((row) => vcpu === undefined || sample.vcpu[row] === vcpu)
    if (rows.length === 0) return []
    const sum = (column: Float64Array) => rows.reduce((total, row) => total + column[row]!, 0)
    const busy = Array.from(sample.pcpuBusy).filter((share) => !Number.isNaN(share))
    const delays = Array.from(sample.delay).filter((share) => !Number.isNaN(share))
    return [
      {
        usage: sum(sample.usage),
        delay: sum(sample.delay),
        deviation: standardDeviation(busy),
        worstDelay: delays.length > 0 ? Math.max(...delays) : Number.NaN,
      },
    ]
  })
  if (seen.length === 0) return undefined
  const known = (of: (figures: CpuFigures) => number) => {
    const values = seen.map(of).filter((value) => !Number.isNaN(value))
    return values.length > 0 ? mean(values) : Number.NaN
  }
  return {
    usage: known(({ usage }) => usage),
    delay: known(({ delay }) => delay),
    deviation: known(({ deviation }) => deviation),
    worstDelay: known(({ worstDelay }) => worstDelay),
  }
}

/** Levels of the last sample, and rates since the first. Undefined: the guest is not in the last of them. */
export function memoryFigures(samples: readonly MemorySample[], uuid: string): MemoryFigures | undefined {
  const last = samples.at(-1)
  const row = last?.domains.findIndex((domain) => domain.uuid === uuid) ?? -1
  if (!last || row < 0) return undefined
  const first = samples.find(({ domains }) => domains[row]?.uuid === uuid) ?? last
  const seconds = (last.time - first.time) / 1_000
  const rate = (column: 'swapIn' | 'swapOut' | 'majorFaults') =>
    seconds > 0 ? Math.max(0, last[column][row]! - first[column][row]!) / seconds : Number.NaN
  return {
    actual: last.actual[row]!,
    usable: last.usable[row]!,
    swapped: rate('swapIn') + rate('swapOut'),
    majorFaults: rate('majorFaults'),
  }
}

function rowsOf({ domains, vcpuStart }: CpuSample, uuid: string): number[] {
  const index = domains.findIndex((domain) => domain.uuid === uuid)
  if (index < 0) return []
  const first = vcpuStart[index]!
  return Array.from({ length: vcpuStart[index + 1]! - first }, (_, row) => first + row)
}
