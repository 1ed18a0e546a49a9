import type { DomainView, View } from '../view.ts'
import { residentMemory } from './commitment.ts'

/**
 * Bytes of host memory that no domain has or was promised and the host does not keep for itself: what guests may grow by
 * or start with, what is reserved for them included. Negative when more was given than the host has; NaN when the host
 * does not report its memory. Memory that was granted and is not resident yet looks free, and is not.
 *
 * `promised` is the largest size in bytes that a balloon may have got by now. The guard passes the
 * one of its ledger, which has calls that no sample shows yet, and is the stricter side by just these: a policy sees the
 * View alone, where `target` is the last size that is known to have been asked for.
 */
export function unallocatedMemory(
  { memory, domains }: View,
  promised?: (domain: DomainView) => number,
): number {
  let committed = memory.committed
  let resident = 0
  for (const domain of domains) {
    const own = domain.memory
    const { actual, target = 0 } = own
    if (promised && actual !== undefined)
      committed += Math.max(0, promised(domain) - Math.max(actual, target))
    resident += residentMemory(own)
  }
  const { total, available = Number.POSITIVE_INFINITY, reserve } = memory
  return Math.min(total, available + resident) - reserve - committed
}
