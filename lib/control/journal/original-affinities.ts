import type { CpuSet } from '../../host/cpuset.ts'
import { type DomainIdentity, isSameRun } from '../../host/sample.ts'
import type { JournalEntry } from './journal.ts'

type AffinityEntry = Extract<JournalEntry, { readonly kind: 'affinity' }>

/**
 * The affinity of each vCPU before Ballast, from what an earlier loop wrote to the journal: the present one may be
 * Ballast's own doing.
 */
export function originalAffinities(
  entries: readonly JournalEntry[],
): (domain: DomainIdentity, vcpu: number) => CpuSet | undefined {
  const runs = new Map<string, AffinityEntry[]>()
  const key = (uuid: string, vcpu: number) => `${uuid} ${vcpu}`
  for (const entry of entries) {
    if (entry.kind !== 'affinity') continue
    const known = runs.get(key(entry.uuid, entry.vcpu))
    if (known) known.push(entry)
    else runs.set(key(entry.uuid, entry.vcpu), [entry])
  }
  if (runs.size === 0) return () => undefined
  return (domain, vcpu) => {
    return runs.get(key(domain.uuid, vcpu))?.findLast((entry) => isSameRun(entry, domain))?.original
  }
}
