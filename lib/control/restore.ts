import { BallastError } from '../host/errors.ts'
import type { Host } from '../host/host.ts'
import type { DomainIdentity } from '../host/sample.ts'
import { Observer } from '../view/observer.ts'
import type { Action } from '../view/plan.ts'
import type { View } from '../view/view.ts'
import { Actuator } from './actuator.ts'
import { cpuSharesBook } from './cpu-shares.ts'
import { domainOverhead, guestMargin, hostReserve } from './defaults.ts'
import { type Guarded, guard, thingOf } from './guard.ts'
import { type Journal, type JournalEntry, memoryJournal } from './journal.ts'
import { Ledger } from './ledger.ts'
import { restoreMerging } from './merging.ts'
import { type PeriodEntry, restorePeriods } from './restore-periods.ts'
import type { Clamp, Outcome } from './tick.ts'

/** What {@link restore} did. Every entry of the journal is in one of the three lists. */
export interface RestoreReport {
  /** It is now as it was before Ballast came, or was so already. */
  readonly restored: readonly JournalEntry[]
  readonly notRestored: readonly NotRestored[]
  /** About a run of a domain that has ended: whatever runs now began with settings of its own. */
  readonly over: readonly JournalEntry[]
}

/** An original that is not back, or not quite. */
export interface NotRestored {
  readonly entry: JournalEntry
  /** Why, for people. */
  readonly why: string
  /** Where a call failed. */
  readonly error: BallastError | undefined
}

/** Milliseconds that a call is waited for: as long as libvirt itself does, since there is no next tick. */
const patience = 30_000
/** Milliseconds between two looks at whether enough memory has come free to give some back, and how many. */
const pause = 1_000
const mostLooks = 30

/**
 * Brings back every original in `journal` where the same run of the domain is still active, and tells what it
 * could not bring back and why. The limits of "What is always true" hold here too: no guest is shrunk below
 * what it uses by now, and what others have to give back first is waited for, half a minute at most.
 *
 * Rejects with `ERR_JOURNAL` when the journal cannot be read, with `ERR_PERMISSION_DENIED` on a read-only host, and
 * when the host cannot be sampled.
 */
export async function restore(host: Host, journal: Journal): Promise<RestoreReport> {
  if (host.readOnly) {
    const message = `The connection to ${host.uri} is read-only and can restore nothing: connect without readOnly`
    throw new BallastError('ERR_PERMISSION_DENIED', message)
  }
  const all = await journal.entries()
  const merging = await restoreMerging(host, all)
  const entries = all.filter(({ kind }) => kind !== 'memoryMerging')
  const reserve = hostReserve(host.topology.memory)
  using cpuShares = cpuSharesBook(host, patience)
  const concerned = new Set(entries.flatMap(({ kind, uuid }) => (kind === 'cpuShares' ? [uuid] : [])))
  const observer = new Observer(host.topology, {
    hostReserve: reserve,
    domainOverhead,
    cpuShares: (domain) => cpuShares.of(domain),
  })
  const limits = { guestFloor: 0, guestMargin, domainOverhead }
  const ledger = new Ledger()
  const actuator = new Actuator(host, memoryJournal(), ledger, { dryRun: false, patience })

  for (let look = 1; ; look++) {
    const askedAt = host.clock.now()
    const [cpu, memory] = await Promise.all([host.sampleCpu(), host.sampleMemory()])
    await cpuShares.follow(cpu.domains.filter(({ uuid }) => concerned.has(uuid)))
    const view = observer.observe({ cpu, memory, targets: ledger.targetsOf(cpu.domains) })
    ledger.observe(view, askedAt)
    const plan = entries.filter((entry) => runs(view, entry)).flatMap((entry) => undo(entry, view))
    const guarded = guard(plan, view, limits, ledger)
    const outcomes = await actuator.actuate(guarded.plan, view)
    if (look === mostLooks || !waitsForMemory(guarded, view)) {
      // Last: to the end guests have to say what they use.
      const periods = entries.filter((entry) => entry.kind === 'memoryStatsPeriod')
      const active = periods.filter((entry) => runs(view, entry))
      const done = report(entries, view, guarded, outcomes, await restorePeriods(host, active, patience))
      return {
        restored: [...done.restored, ...merging.restored],
        notRestored: [...done.notRestored, ...merging.notRestored],
        over: done.over,
      }
    }
    await host.clock.sleepUntil(host.clock.now() + pause)
  }
}

function runs({ domains }: View, { uuid, id }: DomainIdentity): boolean {
  return domains.some((domain) => domain.uuid === uuid && domain.id === id)
}

/** The action that brings an original back; none when it is not known. */
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

/** Whether something could not be given back yet, and others are on their way to give it free. */
function waitsForMemory({ plan, clamps }: Guarded, view: View): boolean {
  const shrinks = view.domains.some(({ uuid, memory: { actual = 0, target = actual } }) => {
    const asked = plan.find((action) => action.kind === 'setMemory' && action.uuid === uuid)
    return target < actual || (asked?.kind === 'setMemory' && asked.bytes < actual)
  })
  return shrinks && clamps.some(({ rule }) => rule === 'host-reserve')
}

function report(
  entries: readonly JournalEntry[],
  view: View,
  { clamps }: Guarded,
  outcomes: readonly Outcome[],
  periods: ReadonlyMap<JournalEntry, BallastError>,
): RestoreReport {
  const active = entries.filter((entry) => runs(view, entry))
  const verdicts = active.map((entry) => {
    const failure =
      entry.kind === 'memoryStatsPeriod'
        ? failureOfPeriod(entry, periods.get(entry))
        : failureOf(entry, view, clamps, outcomes)
    return { entry, ...failure }
  })
  return {
    restored: verdicts.flatMap(({ entry, why }) => (why === undefined ? [entry] : [])),
    notRestored: verdicts.flatMap(({ entry, why, error }) =>
      why === undefined ? [] : [{ entry, why, error }],
    ),
    over: entries.filter((entry) => !runs(view, entry)),
  }
}

/** Why an original is not back; nothing when it is. */
function failureOf(
  entry: JournalEntry,
  view: View,
  clamps: readonly Clamp[],
  outcomes: readonly Outcome[],
): { why?: string; error?: BallastError | undefined } {
  const [action] = undo(entry, view)
  if (!action) return {}
  const isThis = ({ action: other }: { action: Action }) => thingOf(other) === thingOf(action)
  const clamp = clamps.filter(isThis).find(({ rule }) => rule !== 'no-change')
  const failed = outcomes.find((outcome) => isThis(outcome) && outcome.status === 'failed')
  if (failed) return { why: failed.error?.message ?? 'it failed', error: failed.error }
  return clamp ? { why: clamp.cause } : {}
}

function failureOfPeriod(
  { original }: PeriodEntry,
  error: BallastError | undefined,
): ReturnType<typeof failureOf> {
  if (error) return { why: error.message, error }
  if (original !== null) return {}
  return { why: 'it is not known what it was: `virsh dommemstat DOMAIN --period 0` turns it off' }
}
