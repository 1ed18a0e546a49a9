import type { CpuSet } from '../host/cpuset.ts'
import type { MergingPace } from '../host/merging.ts'
import type { DomainIdentity } from '../host/sample.ts'

/** The part of a {@link JournalEntry} that says which run of which domain, and when. */
interface JournalSubject extends DomainIdentity {
  /** Wall clock when it was read, milliseconds since the epoch. */
  readonly wallTime: number
}

/** What one setting was before Ballast changed it. */
export type JournalEntry = JournalSubject &
  (
    | { readonly kind: 'affinity'; readonly vcpu: number; readonly original: CpuSet }
    /** Balloon size in bytes. */
    | { readonly kind: 'memory'; readonly original: number }
    /** Pace of same-page merging: of the host and no domain, so UUID and name are empty, and the id is -1. */
    | { readonly kind: 'memoryMerging'; readonly original: MergingPace }
    /** `cpu_shares`. */
    | { readonly kind: 'cpuShares'; readonly original: number }
    /** Statistics period in seconds, 0 for none; null where it was not known. */
    | { readonly kind: 'memoryStatsPeriod'; readonly original: number | null }
  )

/**
 * Where originals are kept. The actuator awaits {@link Journal.record} before it changes anything, so an
 * implementation resolves only when the entries would survive a crash of this process.
 */
export interface Journal {
  /**
   * Keeps those of `entries` that are the first about their thing (see {@link subjectOf}) and drops the others:
   * what is found later may be Ballast's own doing. Rejects with `ERR_JOURNAL`; nothing is changed then.
   */
  record(entries: readonly JournalEntry[]): Promise<void>
  /** All that was kept, in order. Rejects with `ERR_JOURNAL`. */
  entries(): Promise<readonly JournalEntry[]>
}

/** What an entry is about, as a key: one setting in one run of one domain. */
export function subjectOf(entry: JournalEntry): string {
  const vcpu = entry.kind === 'affinity' ? ` ${entry.vcpu}` : ''
  return `${entry.kind} ${entry.uuid} ${entry.id}${vcpu}`
}

/** A journal that lives as long as this process: enough to undo at a quiet end, not after a crash. */
export function memoryJournal(): Journal {
  const kept = new Map<string, JournalEntry>()
  return {
    async record(entries) {
      for (const entry of entries) {
        const subject = subjectOf(entry)
        if (!kept.has(subject)) kept.set(subject, entry)
      }
    },
    async entries() {
      return [...kept.values()]
    },
  }
}
