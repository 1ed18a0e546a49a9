import type { CpuQuota } from '../../host/cpu-quota.ts'
import type { CpuSet } from '../../host/cpuset.ts'
import type { CpuSample } from '../../host/sample.ts'
import { isAtQuota } from './quota.ts'

/** What the vCPUs of a domain did together, and may do. Changed in place from domain to domain. */
export interface DomainUsage {
  /** Whether it is load. */
  counts: boolean
  /** Where the cpuset and bound memory let them be; undefined: anywhere. */
  within: CpuSet | undefined
  /** Sum of their known usage. */
  together: number
  /** Fraction of one pCPU that quotas let each use. */
  most: number
}

/**
 * The run delay of a row without what quotas made of it, 0 to 1; NaN where that is not known. The kernel counts a wait when it
 * ends: one that began before the interval comes whole, and only the interval's part of it is the interval's.
 */
export function delayOf(cpu: CpuSample, row: number, quota: CpuQuota | undefined, together: number): number {
  const delay = Math.min(1, cpu.delay[row]!)
  const throttled = cpu.throttled?.[row] ?? Number.NaN
  if (!Number.isNaN(throttled)) return Math.max(0, delay - throttled)
  return isAtQuota(quota, cpu.usage[row]!, together) ? Number.NaN : delay
}

/** The sum of a range of rates; unknown ones are none. */
export function sumOfKnown(values: Float64Array, start: number, end: number): number {
  let sum = 0
  for (let i = start; i < end; i++) sum += values[i]! || 0
  return sum
}
