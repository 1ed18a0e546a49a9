import type { CpuSet } from '../../host/cpuset.ts'
import type { KsmSettings } from '../../host/ksm.ts'
import { type DomainIdentity, isSameRun } from '../../host/sample.ts'
import type { Resource } from '../host-lock/owner.ts'

/** One change that Ballast was about to make, or may have made. */
export interface JournalRequest<Value> {
  /** Wall clock when it was written down, milliseconds since the epoch. */
  readonly wallTime: number
  /** What was seen before; null where it was not known. */
  readonly from: Value
  readonly to: Value
}

/** What one setting was before Ballast changed it, and the values that Ballast requested. */
interface Setting<Kind extends string, Value> extends DomainIdentity {
  readonly kind: Kind
  /** Wall clock when the original was read, milliseconds since the epoch. */
  readonly wallTime: number
  readonly original: Value
  /**
   * The values requested since, the latest last: each is written down before it is set, so the last may never have
   * been set. Some of the last are kept, see `mergeEntry`. Undefined: not known.
   */
  readonly requested?: readonly JournalRequest<Value>[] | undefined
}

/**
 * One setting of one run of one domain. Ballast never changes the affinities of emulator and I/O threads, so they are
 * not here.
 */
export type JournalEntry =
  | (Setting<'affinity', CpuSet> & { readonly vcpu: number })
  /** Balloon size in bytes. */
  | Setting<'memory', number>
  /** KSM: of the host and no domain, so UUID and name are empty, and the id is -1. */
  | Setting<'ksm', KsmSettings>
  /** `cpu_shares`. */
  | Setting<'cpuShares', number>
  /** Statistics period in seconds, 0 for none; null where it was not known. */
  | Setting<'memoryStatsPeriod', number | null>

/**
 * Where originals are kept. The actuator awaits {@link Journal.record} before it changes anything, so an
 * implementation resolves only when the entries would survive a crash of this process.
 */
export interface Journal {
  /**
   * Records the present value of each setting as its original, and the value that it is about to be set to. The original
   * of an entry about the same setting (see `subjectOf`) stays, since what is found later may be Ballast's own
   * doing: `mergeEntry`. Rejects with `ERR_JOURNAL`; nothing may be changed then.
   *
   * `active` are the runs of domains that are active now, where that is known: entries about others may be dropped.
   */
  record(entries: readonly JournalEntry[], active?: readonly DomainIdentity[]): Promise<void>
  /** One entry for each setting, in the order of their first records. Rejects with `ERR_JOURNAL`. */
  entries(): Promise<readonly JournalEntry[]>
  /**
   * Removes these entries, about changes that were refused. Rejects with `ERR_JOURNAL`. Default: they are kept, and count
   * as restored later.
   */
  forget?(entries: readonly JournalEntry[]): Promise<void>
}

/** Key of what an entry is about: one setting in one run of one domain. */
export function subjectOf(entry: JournalEntry): string {
  const vcpu = entry.kind === 'affinity' ? ` ${entry.vcpu}` : ''
  return `${entry.kind} ${entry.uuid} ${entry.run ?? entry.id}${vcpu}`
}

/** The resource of the host that an entry belongs to. */
export function resourceOf({ kind }: JournalEntry): Resource {
  return kind === 'affinity' || kind === 'cpuShares' ? 'vcpus' : 'memory'
}

/** Requests kept of each setting: more than can be under way, or fail one after the other before one is seen. */
const requestsKept = 8

/**
 * What is kept when `entry` comes after `kept`, both about the same setting: the first original and the last requests. Of
 * older requests the one stays whose value was seen since: it is in force when all later ones failed.
 */
export function mergeEntry(kept: JournalEntry, entry: JournalEntry): JournalEntry {
  if (!kept.requested || !entry.requested) return { ...kept, requested: undefined }
  const all: readonly JournalRequest<unknown>[] = [...kept.requested, ...entry.requested]
  const last = all.slice(-requestsKept)
  const seen = all.findLast(({ to }) => isSameValue(to, all.at(-1)?.from))
  const requested = seen && !last.includes(seen) ? [seen, ...last.slice(1)] : last
  // Both are about the same setting, so both are of one kind.
  return { ...kept, requested } as JournalEntry
}

/** Whether two values of settings are the same, as they are written. */
function isSameValue(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

/** Entries in memory beyond which those of ended runs are dropped, once there are also twice as many as after the last time. */
const many = 1_000

/** A journal in memory: enough to restore at the end of the process, not after a crash. */
export function memoryJournal(): Journal {
  const kept = new Map<string, JournalEntry>()
  let most = many
  return {
    async record(entries, active) {
      for (const entry of entries) keep(kept, entry)
      if (!active || kept.size <= most) return
      dropEnded(kept, active)
      most = Math.max(many, 2 * kept.size)
    },
    async entries() {
      return [...kept.values()]
    },
    async forget(entries) {
      for (const entry of entries) kept.delete(subjectOf(entry))
    },
  }
}

/** Adds `entry` to the kept ones, by subject. */
export function keep(kept: Map<string, JournalEntry>, entry: JournalEntry): void {
  const subject = subjectOf(entry)
  const before = kept.get(subject)
  kept.set(subject, before ? mergeEntry(before, entry) : entry)
}

/** Milliseconds for which a run counts as active in any case: the list of active ones may be older than the run. */
const youngest = 60_000

/** Drops the entries about runs of domains that have ended, that is, are not among the `active` ones. */
export function dropEnded(kept: Map<string, JournalEntry>, active: readonly DomainIdentity[]): void {
  const runs = new Map(active.map((domain) => [domain.uuid, domain]))
  let newest = Number.NEGATIVE_INFINITY
  for (const { wallTime } of kept.values()) newest = Math.max(newest, wallTime)
  for (const [subject, entry] of kept) {
    const isOld = entry.wallTime < newest - youngest
    if (isOld && entry.kind !== 'ksm' && !isSameRun(runs.get(entry.uuid), entry)) kept.delete(subject)
  }
}
