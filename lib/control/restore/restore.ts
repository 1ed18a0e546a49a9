import { asBallastError, BallastError, wrongOption } from '../../host/errors.ts'
import type { Host } from '../../host/host.ts'
import type { Action, Plan, SetMemoryAction } from '../../policy/plan.ts'
import type { View } from '../../view/view.ts'
import { Actuator } from '../actuator.ts'
import { domainOverhead, guestMargin } from '../defaults.ts'
import { type Guarded, guard, thingOf } from '../guard/guard.ts'
import { type Resource, resources } from '../host-lock/owner.ts'
import { type Journal, type JournalEntry, memoryJournal, resourceOf } from '../journal/journal.ts'
import { negligible } from '../ledger/ledger.ts'
import type { Clamp, Outcome } from '../tick.ts'
import { RestoreObserver } from './observe.ts'
import { runs, settingStatus } from './setting-status.ts'
import { isUnobserved, type UnobservedStatus, unobservedStatuses } from './unobserved.ts'

export interface RestoreOptions {
  /**
   * Milliseconds that are waited for what takes its time: memory which others have to give back first, and balloons on
   * their way, whose guests tell what they use a little later. Default 30,000.
   */
  readonly wait?: number | undefined
  /** Milliseconds that one call is waited for. Default 30,000, as libvirt itself does. */
  readonly timeout?: number | undefined
  /** What is brought back: what belongs to the vCPUs, to memory, or both. Default: both. */
  readonly resources?: readonly Resource[] | undefined
}

/** What {@link restore} did. Every entry about the resources that it was asked for is in one of the four lists. */
export interface RestoreReport {
  /** It is now as it was before Ballast came, or was so already; a balloon may still be on its way. */
  readonly restored: readonly JournalEntry[]
  readonly notRestored: readonly NotRestored[]
  /** Somebody else changed it after Ballast did: it is left as it is. */
  readonly external: readonly JournalEntry[]
  /** About a run of a domain that has ended: whatever runs now began with settings of its own. */
  readonly ended: readonly JournalEntry[]
}

/** An original that is not back, or not quite. */
export interface NotRestored {
  readonly entry: JournalEntry
  /** Why, for people. */
  readonly why: string
  /** Where a call failed. */
  readonly error: BallastError | undefined
}

const defaultWait = 30_000
/** Milliseconds between two looks at whether more can be given back by now. */
const pause = 500

/**
 * Brings back every original in `journal` where the same run of the domain is still active, and tells what it
 * could not bring back and why. What is none of the values that Ballast asked for since, somebody else set: that is
 * left alone. The limits of "What is always true" hold here too: no guest is shrunk below what it uses by now, and
 * what others have to give back first is waited for, half a minute at most. Nothing is taken out of the journal;
 * the sizes that balloons are asked for are added to it before.
 *
 * Rejects with `ERR_JOURNAL` when the journal cannot be read, with `ERR_PERMISSION_DENIED` on a read-only host,
 * with a `TypeError` for a wrong option, and when the host cannot be sampled.
 */
export async function restore(
  host: Host,
  journal: Journal,
  options: RestoreOptions = {},
): Promise<RestoreReport> {
  const { wait = defaultWait, timeout = defaultWait, resources: wanted = resources } = options
  for (const [name, value] of Object.entries({ wait, timeout })) {
    if (!(value >= 0)) throw wrongOption(name, 'a number of milliseconds, 0 or more', value)
  }
  if (host.readOnly) {
    const message = `The connection to ${host.uri} is read-only and can restore nothing: connect without readOnly`
    throw new BallastError('ERR_PERMISSION_DENIED', message)
  }
  const all = await journal.entries()
  const entries = all.filter((entry) => wanted.includes(resourceOf(entry)))
  using looks = new RestoreObserver(host, entries, timeout)
  const limits = { guestFloor: 0, guestMargin, domainOverhead }
  const actuator = new Actuator(host, memoryJournal(), looks.ledger, { dryRun: false, timeout })
  const end = host.clock.now() + wait
  const foreign = new Set<JournalEntry>()

  for (let isFirst = true; ; isFirst = false) {
    const view = await looks.view()
    if (isFirst) {
      for (const entry of entries) if (settingStatus(entry, view) === 'foreign') foreign.add(entry)
    }
    const ours = entries.filter((entry) => runs(view, entry) && !foreign.has(entry))
    const plan = ours.flatMap((entry) => undo(entry, view))
    const guarded = guard(plan, view, limits, looks.ledger)
    const unwritten = await writeSizes(journal, ours, guarded.plan, view)
    const writable = guarded.plan.filter((action) => !unwritten.some((outcome) => outcome.action === action))
    const outcomes = [...unwritten, ...(await actuator.actuate(writable, view))]
    if (host.clock.now() + pause > end || !isUnsettled(guarded, view)) {
      // Last: to the end guests have to say what they use.
      const active = entries.filter(isUnobserved).filter((entry) => isOfHost(entry) || runs(view, entry))
      const unseen = await unobservedStatuses(host, active, { timeout, bringBack: true })
      return report(entries, { view, foreign, clamps: guarded.clamps, outcomes, unseen })
    }
    await host.clock.sleepUntil(host.clock.now() + pause)
  }
}

/** The action that brings an original back; none where a View does not show it. */
function undo(entry: JournalEntry, { online }: View): Action[] {
  const { uuid, name: domain } = entry
  const reason = 'as it was before Ballast changed it'
  if (entry.kind === 'affinity') {
    // Free to run anywhere is often written with pCPUs that the host could have and has not.
    const cpus = online.isSubsetOf(entry.original) ? online : entry.original
    return [{ kind: 'pin', uuid, domain, vcpu: entry.vcpu, cpus, reason }]
  }
  if (entry.kind === 'cpuShares') return [{ kind: 'setShares', uuid, domain, shares: entry.original, reason }]
  if (entry.kind === 'memory') return [{ kind: 'setMemory', uuid, domain, bytes: entry.original, reason }]
  return []
}

/**
 * Writes down the sizes in `plan`, as the loop does. What became of those that are not to be asked for: sizes other than
 * the original, when that failed, since a later restore would take them for somebody else's.
 */
async function writeSizes(
  journal: Journal,
  entries: readonly JournalEntry[],
  plan: Plan,
  view: View,
): Promise<readonly Outcome[]> {
  const sizes = plan.flatMap((action) => (action.kind === 'setMemory' ? action : []))
  if (sizes.length === 0) return []
  try {
    await journal.record(
      sizes.flatMap((action) => sizeEntry(action, view)),
      view.domains,
    )
    return []
  } catch (cause) {
    const error = asBallastError(cause)
    const isOriginal = ({ uuid, bytes }: SetMemoryAction) =>
      entries.some((entry) => entry.kind === 'memory' && entry.uuid === uuid && entry.original === bytes)
    return sizes
      .filter((action) => !isOriginal(action))
      .map((action) => ({ action, status: 'failed', error, duration: 0 }))
  }
}

function sizeEntry({ uuid, bytes }: SetMemoryAction, { domains, wallTime }: View): JournalEntry[] {
  const domain = domains.find((one) => one.uuid === uuid)
  const from = domain?.memory.actual
  if (!domain || from === undefined) return []
  const { name, id } = domain
  const asked = [{ wallTime, from, to: bytes }]
  return [{ kind: 'memory', uuid, name, id, wallTime, original: from, asked }]
}

/**
 * Whether more could be given back a little later: others are on their way to give memory free, or a balloon is on its
 * own way and what its guest says it uses is older.
 */
function isUnsettled({ plan, clamps }: Guarded, { domains }: View): boolean {
  const moving = new Set<string>()
  let isFreeing = false
  for (const { uuid, memory } of domains) {
    const { actual = 0, target = actual } = memory
    const asked = plan.find((action) => action.kind === 'setMemory' && action.uuid === uuid)
    const next = asked?.kind === 'setMemory' ? asked.bytes : target
    if (Math.abs(next - actual) >= negligible || memory.hold === 'contradictory statistics') moving.add(uuid)
    if (Math.min(next, target) < actual) isFreeing = true
  }
  return clamps.some(({ rule, action: { kind, uuid } }) => {
    if (kind !== 'setMemory' || rule === 'no-change') return false
    return rule === 'host-reserve' ? isFreeing : moving.has(uuid)
  })
}

/** All that a report is made of. */
interface Done {
  readonly view: View
  readonly foreign: ReadonlySet<JournalEntry>
  readonly clamps: readonly Clamp[]
  readonly outcomes: readonly Outcome[]
  readonly unseen: ReadonlyMap<JournalEntry, UnobservedStatus>
}

function report(entries: readonly JournalEntry[], done: Done): RestoreReport {
  const restored: JournalEntry[] = []
  const notRestored: NotRestored[] = []
  const foreign: JournalEntry[] = []
  const over: JournalEntry[] = []
  for (const entry of entries) {
    if (done.foreign.has(entry) || done.unseen.get(entry) === 'foreign') foreign.push(entry)
    else if (!isOfHost(entry) && !runs(done.view, entry)) over.push(entry)
    else {
      const failure = isUnobserved(entry) ? failureOfUnseen(entry, done.unseen) : failureOf(entry, done)
      if (failure) notRestored.push({ entry, ...failure })
      else restored.push(entry)
    }
  }
  return { restored, notRestored, external: foreign, ended: over }
}

function isOfHost({ kind }: JournalEntry): boolean {
  return kind === 'ksm'
}

/** Why an original is not back; undefined when it is. */
type Failure = Omit<NotRestored, 'entry'> | undefined

function failureOf(entry: JournalEntry, { view, clamps, outcomes }: Done): Failure {
  const [action] = undo(entry, view)
  if (!action) return undefined
  const isThis = ({ action: other }: { action: Action }) => thingOf(other) === thingOf(action)
  const clamp = clamps.filter(isThis).find(({ rule }) => rule !== 'no-change')
  const failed = outcomes.find((outcome) => isThis(outcome) && outcome.status === 'failed')
  if (failed) return { why: failed.error?.message ?? 'it failed', error: failed.error }
  return clamp && { why: clamp.cause, error: undefined }
}

function failureOfUnseen(entry: JournalEntry, unseen: ReadonlyMap<JournalEntry, UnobservedStatus>): Failure {
  const result = unseen.get(entry)
  if (result instanceof BallastError) return { why: result.message, error: result }
  if (entry.original !== null) return undefined
  const why = 'it is not known what it was: `virsh dommemstat DOMAIN --period 0` turns it off'
  return { why, error: undefined }
}
