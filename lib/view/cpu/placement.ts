import type { CpuSet } from '../../host/cpuset.ts'
import type { VcpuView } from '../view.ts'

/**
 * The pCPU that a vCPU's load is counted on: the only one that it may run on, else the one that it ran on
 * last. Undefined when neither is known, and when it ran last where it may no longer run: it is on its way.
 */
export function placeOf({ affinity, pcpu }: Pick<VcpuView, 'affinity' | 'pcpu'>): number | undefined {
  return placeWithin(affinity, pcpu)
}

/** The same of what a vCPU may run on and where it ran last. */
export function placeWithin(affinity: CpuSet | undefined, pcpu: number | undefined): number | undefined {
  if (affinity === undefined) return pcpu
  if (affinity.size === 1) return affinity.first
  return pcpu !== undefined && affinity.has(pcpu) ? pcpu : undefined
}
