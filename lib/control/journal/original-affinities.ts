import type { CpuSet } from '../../host/cpuset.ts'
import type { DomainIdentity } from '../../host/sample.ts'
import type { JournalEntry } from './journal.ts'

/**
 * The affinity of each vCPU before Ballast, from what an earlier loop wrote to the journal: the present one may be
 * Ballast's own doing.
 */
export function originalAffinities(
  entries: readonly JournalEntry[],
): (domain: DomainIdentity, vcpu: number) => CpuSet | undefined {
  const originals = new Map<string, CpuSet>()
  const key = ({ uuid, id }: DomainIdentity, vcpu: number) => `${uuid} ${id} ${vcpu}`
  for (const entry of entries)
    if (entry.kind === 'affinity') originals.set(key(entry, entry.vcpu), entry.original)
  if (originals.size === 0) return () => undefined
  return (domain, vcpu) => originals.get(key(domain, vcpu))
}
