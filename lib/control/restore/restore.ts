import { assertHost } from '../../host/assert-host.ts'
import { CpuSet } from '../../host/cpuset.ts'
import { asBallastError, BallastError, wrongOption } from '../../host/errors.ts'
import type { Host } from '../../host/host.ts'
import { type Action, actionKey, type Plan, type SetMemoryAction } from '../../policy/plan.ts'
import { sentenceOf } from '../../policy/reason.ts'
import { usableBy } from '../../view/cpu/usable-cpus.ts'
import { balloonSize, guestSize } from '../../view/memory/virtio-mem.ts'
import type { DomainMemoryView, View } from '../../view/view.ts'
import { Actuator } from '../actuator.ts'
import { domainOverhead, guestMargin } from '../defaults.ts'
import { guard } from '../guard/guard.ts'
import { type Resource, resources } from '../host-lock/owner.ts'
import { type Journal, type JournalEntry, memoryJournal, resourceOf } from '../journal/journal.ts'
import type { Clamp, Outcome } from '../tick.ts'
import { MovingBalloons } from './moving-balloons.ts'
import { RestoreObserver } from './observe.ts'
import { isPinnedAsAtFirst, runs, settingStatus } from './setting-status.ts'
import { isUnobserved, type UnobservedStatus, unobservedStatuses } from './unobserved.ts'

export interface RestoreOptions {
  /**
   * Milliseconds to wait for what takes its time: memory that other guests have to release first, and balloons on their
   * way, whose guests report what they use a little later. Default 30,000.
   */
  readonly wait?: number | undefined
  /** Milliseconds to wait for one call. Default 30,000, as libvirt itself does. */
  readonly timeout?: number | undefined
  /** What is restored: settings of the vCPUs, of memory, or both. Default: both. */
  readonly resources?: readonly Resource[] | undefined
}

/** What {@link restore} did. Every entry about the resources in question is in one of the four lists. */
export interface RestoreReport {
  /** As it was before Ballast, also when it was so already; a balloon may still be on its way. */
  readonly restored: readonly JournalEntry[]
  readonly notRestored: readonly NotRestored[]
  /** Changed by another program after Ballast did: left as it is. */
  readonly external: readonly JournalEntry[]
  /** About a run of a domain that has ended: the present run began with settings of its own. */
  readonly ended: readonly JournalEntry[]
}

/** An original that is not restored, or not quite. */
export interface NotRestored {
  readonly entry: JournalEntry
  /** The reason, for people. */
  readonly why: string
  /** Where a call failed. */
  readonly error: BallastError | undefined
}

const defaultWait = 30_000
/** Milliseconds between two attempts to restore more. */
const pause = 500

/**
 * Restores every original in `journal` where the same run of the domain is still active, and reports what could not be
 * restored and why. A value that is neither the original nor one of those that Ballast requested was set by another
 * program, and is left as it is. The invariants of docs/architecture.md hold here too: no guest is shrunk below what it
 * uses by now, and memory that others have to release first is waited for. Nothing is removed from the journal; the
 * sizes that balloons are set to are added to it before.
 *
 * Rejects with `ERR_JOURNAL` when the journal cannot be read, with `ERR_PERMISSION_DENIED` on a read-only host,
 * with a `TypeError` for a wrong option, and when the host cannot be sampled.
 */
export async function restore(
  host: Host,
  journal: Journal,
  options: RestoreOptions = {},
): Promise<RestoreReport> {
  assertHost(host)
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
  using observer = new RestoreObserver(host, entries, timeout)
  const limits = { guestFloor: 0, guestMargin, domainOverhead }
  const actuator = new Actuator(host, memoryJournal(), observer.ledger, { dryRun: false, timeout })
  const end = host.clock.now() + wait
  const external = new Set<JournalEntry>()
  /** Affinities that were set: once is enough, however long memory takes. */
  const pinned = new Set<JournalEntry>()
  const balloons = new MovingBalloons()

  for (let isFirst = true; ; isFirst = false) {
    const view = await observer.view()
    if (isFirst) {
      for (const entry of entries) if (settingStatus(entry, view) === 'external') external.add(entry)
    }
    const ours = entries.filter((entry) => runs(view, entry) && !external.has(entry))
    const plan = ours.filter((entry) => !pinned.has(entry)).flatMap((entry) => undo(entry, view))
    const guarded = guard(plan, view, limits, observer.ledger)
    const unwritten = await writeSizes(journal, ours, guarded.plan, view)
    const writable = guarded.plan.filter((action) => !unwritten.some((outcome) => outcome.action === action))
    const outcomes = [...unwritten, ...(await actuateNarrowing(actuator, writable, view))]
    for (const entry of ours) if (outcomes.some((outcome) => isPinOf(outcome, entry))) pinned.add(entry)
    if (host.clock.now() + pause > end || !balloons.isUnsettled(guarded, view)) {
      // Last, since guests have to report what they use until then.
      const active = entries.filter(isUnobserved).filter((entry) => isOfHost(entry) || runs(view, entry))
      const unobserved = await unobservedStatuses(host, active, { timeout, restore: true })
      return report(entries, { view, external, clamps: guarded.clamps, outcomes, unobserved })
    }
    await host.clock.sleepUntil(host.clock.now() + pause)
  }
}

/** The action that restores an original; none for a setting that no View shows, and where nothing has to be done. */
function undo(entry: JournalEntry, view: View): Action[] {
  const { uuid, name: domain } = entry
  const reason = { kind: 'restore-original' } as const
  if (entry.kind === 'affinity') {
    if (isPinnedAsAtFirst(entry, view)) return []
    // With what is offline now: the kernel makes use of it later. Some hosts tell of pCPUs that they cannot have.
    const cpus = entry.original.and(CpuSet.range(0, view.topology.cpuCount - 1))
    return [{ kind: 'pin', uuid, domain, vcpu: entry.vcpu, cpus, reason }]
  }
  if (entry.kind === 'cpuShares') return [{ kind: 'setShares', uuid, domain, shares: entry.original, reason }]
  if (entry.kind !== 'memory') return []
  const bytes = guestSize(memoryOf(uuid, view), entry.original)
  return [{ kind: 'setMemory', uuid, domain, bytes, reason }]
}

/** The memory of a domain that is active. */
function memoryOf(uuid: string, { domains }: View): DomainMemoryView {
  return domains.find((one) => one.uuid === uuid)!.memory
}

/**
 * Carries out a plan. An affinity that the kernel refuses as a whole, as under cgroups v1, is set as far as it can be used
 * now.
 */
async function actuateNarrowing(actuator: Actuator, plan: Plan, view: View): Promise<Outcome[]> {
  const outcomes = await actuator.actuate(plan, view)
  const narrower = new Map<Action, Action>()
  for (const { action, error } of outcomes) {
    if (action.kind !== 'pin' || error?.code !== 'ERR_PCPU_UNUSABLE') continue
    const domain = view.domains.find(({ uuid }) => uuid === action.uuid)!
    const cpus = action.cpus.and(usableBy(domain, view.topology))
    if (!cpus.isEmpty && !cpus.equals(action.cpus)) narrower.set(action, { ...action, cpus })
  }
  if (narrower.size === 0) return outcomes
  const again = await actuator.actuate([...narrower.values()], view)
  return [...outcomes.filter(({ action }) => !narrower.has(action)), ...again]
}

function isPinOf({ action, status }: Outcome, entry: JournalEntry): boolean {
  if (action.kind !== 'pin' || entry.kind !== 'affinity' || status !== 'applied') return false
  return action.uuid === entry.uuid && action.vcpu === entry.vcpu
}

/**
 * Writes the sizes in `plan` to the journal, as the loop does. Resolves to failed outcomes for those that must not be set
 * because that failed: sizes other than the original, which a later restore would take for another program's.
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
    const isOriginal = ({ uuid, bytes }: SetMemoryAction) => {
      const size = balloonSize(memoryOf(uuid, view), bytes)
      return entries.some(
        (entry) => entry.kind === 'memory' && entry.uuid === uuid && entry.original === size,
      )
    }
    return sizes
      .filter((action) => !isOriginal(action))
      .map((action) => ({ action, status: 'failed', error, duration: 0 }))
  }
}

function sizeEntry({ uuid, bytes }: SetMemoryAction, { domains, wallTime }: View): JournalEntry[] {
  const domain = domains.find((one) => one.uuid === uuid)
  const from = domain?.memory.actual
  if (!domain || from === undefined) return []
  const { name, id, run, memory } = domain
  const original = balloonSize(memory, from)
  const requested = [{ wallTime, from: original, to: balloonSize(memory, bytes) }]
  return [{ kind: 'memory', uuid, name, id, run, wallTime, original, requested }]
}

/** What a report is made of. */
interface Done {
  readonly view: View
  readonly external: ReadonlySet<JournalEntry>
  readonly clamps: readonly Clamp[]
  readonly outcomes: readonly Outcome[]
  readonly unobserved: ReadonlyMap<JournalEntry, UnobservedStatus>
}

function report(entries: readonly JournalEntry[], done: Done): RestoreReport {
  const restored: JournalEntry[] = []
  const notRestored: NotRestored[] = []
  const external: JournalEntry[] = []
  const ended: JournalEntry[] = []
  for (const entry of entries) {
    if (done.external.has(entry) || done.unobserved.get(entry) === 'external') external.push(entry)
    else if (!isOfHost(entry) && !runs(done.view, entry)) ended.push(entry)
    else {
      const failure = isUnobserved(entry)
        ? failureOfUnobserved(entry, done.unobserved)
        : failureOf(entry, done)
      if (failure) notRestored.push({ entry, ...failure })
      else restored.push(entry)
    }
  }
  return { restored, notRestored, external, ended }
}

function isOfHost({ kind }: JournalEntry): boolean {
  return kind === 'ksm'
}

/** Why an original is not restored; undefined when it is. */
type Failure = Omit<NotRestored, 'entry'> | undefined

function failureOf(entry: JournalEntry, { view, clamps, outcomes }: Done): Failure {
  const [action] = undo(entry, view)
  if (!action) return undefined
  const isThis = ({ action: other }: { action: Action }) => actionKey(other) === actionKey(action)
  const clamp = clamps.filter(isThis).find(({ rule }) => rule !== 'no-change')
  const failed = outcomes.find((outcome) => isThis(outcome) && outcome.status === 'failed')
  if (failed) return { why: failed.error?.message ?? 'it failed', error: failed.error }
  return clamp && { why: sentenceOf(clamp.cause), error: undefined }
}

function failureOfUnobserved(
  entry: JournalEntry,
  unobserved: ReadonlyMap<JournalEntry, UnobservedStatus>,
): Failure {
  const result = unobserved.get(entry)
  if (result instanceof BallastError) return { why: result.message, error: result }
  if (entry.original !== null) return undefined
  const why = 'the original is not known: `virsh dommemstat DOMAIN --period 0` turns it off'
  return { why, error: undefined }
}
