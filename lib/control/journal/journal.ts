import type { CpuSet } from '../../host/cpuset.ts'
import type { KsmRate } from '../../host/ksm.ts'
import type { DomainIdentity } from '../../host/sample.ts'
import type { Resource } from '../host-lock/owner.ts'

/** One change that Ballast was about to make, or may have made. */
export interface JournalRequest<Value> {
  /** Wall clock when it was written down, milliseconds since the epoch. */
  readonly wallTime: number
  /** What was seen before; null where it was not known. */
  readonly from: Value
  readonly to: Value
}

/** What one setting was before Ballast changed it, and what Ballast made of it. */
interface Setting<Kind extends string, Value> extends DomainIdentity {
  readonly kind: Kind
  /** Wall clock when the original was read, milliseconds since the epoch. */
  readonly wallTime: number
  readonly original: Value
  /**
   * What it was to be set to since, the latest last: written down before it was set, so the last may never have
   * been. Some of the last are kept, see `mergeEntry`. Undefined: not known.
   */
  readonly asked?: readonly JournalRequest<Value>[] | undefined
}

/**
 * One setting of one run of one domain. That of emulator and I/O threads Ballast never changes, so their affinities
 * are not here.
 */
export type JournalEntry =
  | (Setting<'affinity', CpuSet> & { readonly vcpu: number })
  /** Balloon size in bytes. */
  | Setting<'memory', number>
  /** Pace of same-page merging: of the host and no domain, so UUID and name are empty, and the id is -1. */
  | Setting<'ksm', KsmRate>
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
   * Takes what stands now as the original, and what it is about to be set to, of each entry. Where an entry about the
   * same thing (see `subjectOf`) is kept already, its original stays, for what is found later may be Ballast's
   * own doing: `mergeEntry`. Rejects with `ERR_JOURNAL`; nothing is changed then.
   *
   * `active` are the runs of domains that are active now, where that is known: what is kept about others may
   * be dropped.
   */
  record(entries: readonly JournalEntry[], active?: readonly DomainIdentity[]): Promise<void>
  /** All that is kept, one entry about each thing, in the order in which they came. Rejects with `ERR_JOURNAL`. */
  entries(): Promise<readonly JournalEntry[]>
}

/** What an entry is about, as a key: one setting in one run of one domain. */
export function subjectOf(entry: JournalEntry): string {
  const vcpu = entry.kind === 'affinity' ? ` ${entry.vcpu}` : ''
  return `${entry.kind} ${entry.uuid} ${entry.id}${vcpu}`
}

/** What of the host an entry belongs to. */
export function resourceOf({ kind }: JournalEntry): Resource {
  return kind === 'affinity' || kind === 'cpuShares' ? 'vcpus' : 'memory'
}

/** So many asks are kept of each setting: more than can be under way, or fail one after the other before one is seen. */
const asksKept = 8

/**
 * What is kept when `entry` comes after `kept`, both about the same: the first original, and what was asked for last. Of
 * older asks the one stays whose value was seen since: it is what stands when all later ones failed.
 */
export function mergeEntry(kept: JournalEntry, entry: JournalEntry): JournalEntry {
  if (!kept.asked || !entry.asked) return { ...kept, asked: undefined }
  const all: readonly JournalRequest<unknown>[] = [...kept.asked, ...entry.asked]
  const last = all.slice(-asksKept)
  const seen = all.findLast(({ to }) => isSameValue(to, all.at(-1)?.from))
  const asked = seen && !last.includes(seen) ? [seen, ...last.slice(1)] : last
  // Both are about the same, so both are of one kind.
  return { ...kept, asked } as JournalEntry
}

/** Whether two values of settings are the same, written down as well. */
function isSameValue(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

/** A journal that lives as long as this process: enough to undo at a quiet end, not after a crash. */
export function memoryJournal(): Journal {
  const kept = new Map<string, JournalEntry>()
  return {
    async record(entries, active) {
      if (active) dropEnded(kept, active)
      for (const entry of entries) keep(kept, entry)
    },
    async entries() {
      return [...kept.values()]
    },
  }
}

/** Enters `entry` into what is kept, by subject. */
export function keep(kept: Map<string, JournalEntry>, entry: JournalEntry): void {
  const subject = subjectOf(entry)
  const before = kept.get(subject)
  kept.set(subject, before ? mergeEntry(before, entry) : entry)
}

/** Milliseconds for which a run counts as active in any case: who names those that are may have looked before it began. */
const youngest = 60_000

/** Drops what is about runs of domains that have ended, by what is known of those that are `active`. */
export function dropEnded(kept: Map<string, JournalEntry>, active: readonly DomainIdentity[]): void {
  const ids = new Map(active.map(({ uuid, id }) => [uuid, id]))
  let newest = Number.NEGATIVE_INFINITY
  for (const { wallTime } of kept.values()) newest = Math.max(newest, wallTime)
  for (const [subject, { kind, uuid, id, wallTime }] of kept) {
    const isOld = wallTime < newest - youngest
    if (isOld && kind !== 'ksm' && ids.get(uuid) !== id) kept.delete(subject)
  }
}
