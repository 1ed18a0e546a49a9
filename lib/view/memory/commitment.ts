import type { DomainMemoryView, DomainView } from '../view.ts'
import { memoryToPlug } from './virtio-mem.ts'

/**
 * Bytes of host memory that a domain counts for: the larger of what its balloon has and what it was
 * asked to have, plus what its hypervisor uses beside guest memory, at least `domainOverhead`. A QEMU that
 * keeps memory resident which its guest gave back counts with that. A domain whose balloon size is not
 * known counts with its maximum, and so does one whose memory is pinned: its balloon gives nothing back.
 * What its owner wants plugged of a virtio-mem device is counted before it is there. What is on huge pages does not
 * count: it comes from a pool, and `rss` leaves it out.
 */
export function commitment({ memory }: Pick<DomainView, 'memory'>, domainOverhead: number): number {
  const { actual, target = 0, rss = 0 } = memory
  const held = heldMemory(memory)
  const size = Math.max(held, onOrdinaryPages(memory, target))
  const owed = memoryToPlug(memory)
  if (actual === undefined) return Math.max(size + owed + domainOverhead, rss)
  return size + owed + Math.max(domainOverhead, rss - held)
}

/** Bytes that a domain's hypervisor has resident beside guest memory; undefined: it is not known. */
export function residentOverhead(memory: DomainMemoryView): number | undefined {
  const { actual, rss } = memory
  return actual === undefined || rss === undefined ? undefined : Math.max(0, rss - heldMemory(memory))
}

/** Bytes of ordinary pages that the guest itself has, or may have at any time. */
function heldMemory(memory: DomainMemoryView): number {
  const { actual, maximum = 0, pinned } = memory
  const isWhole = actual === undefined || pinned !== undefined
  return onOrdinaryPages(memory, isWhole ? Math.max(maximum, actual ?? 0) : actual)
}

/**
 * Bytes of a domain's memory without which the host would have as much more available. Pages of a file that backs a guest
 * are available already, since the kernel counts all files as such; it has to write them to the disk first.
 */
export function residentMemory(memory: DomainMemoryView): number {
  const { actual = 0, rss = onOrdinaryPages(memory, actual), rssFile = rss, fileBacked } = memory
  return fileBacked ? Math.max(0, rss - rssFile) : rss
}

/** What of `bytes` of guest memory cannot be on huge pages. */
function onOrdinaryPages({ hugePages = 0 }: DomainMemoryView, bytes: number): number {
  return Math.max(0, bytes - hugePages)
}
