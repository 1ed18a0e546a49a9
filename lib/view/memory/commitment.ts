import type { DomainView } from '../view.ts'

/**
 * Bytes of host memory that a domain counts for: the larger of what its balloon has and what it was
 * asked to have, plus what its hypervisor uses beside guest memory, at least `domainOverhead`. A QEMU that
 * keeps memory resident which its guest gave back counts with that. A domain whose balloon size is not
 * known counts with its maximum.
 */
export function commitment(domain: Pick<DomainView, 'memory'>, domainOverhead: number): number {
  const { actual, target = 0, rss = 0, maximum = 0 } = domain.memory
  if (actual === undefined) return Math.max(Math.max(maximum, target) + domainOverhead, rss)
  return Math.max(actual, target) + Math.max(domainOverhead, rss - actual)
}
