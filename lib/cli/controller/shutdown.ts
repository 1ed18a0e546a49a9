import { lockHost, lockOwners } from '../../control/host-lock/host-lock.ts'
import { resources as allResources, type Resource } from '../../control/host-lock/owner.ts'
import type { FileJournal } from '../../control/journal/file-journal.ts'
import { type Journal, type JournalEntry, resourceOf } from '../../control/journal/journal.ts'
import { inspectSettings } from '../../control/restore/inspect.ts'
import { type RestoreReport, restore } from '../../control/restore/restore.ts'
import { BallastError } from '../../host/errors.ts'
import type { Host } from '../../host/host.ts'
import { realClock } from '../../libvirt/real-clock.ts'
import { timedOut, withTimeout } from '../../util/timeout.ts'
import { unlessAborted } from '../../util/unless-aborted.ts'
import { closing, openHost } from '../connection.ts'
import { type CliContext, logNotice } from '../context.ts'
import { WorkFailed } from '../exit-codes.ts'
import { listed } from '../journal-text.ts'
import type { ControlOptions } from '../options.ts'

/** What a controller works on, and where it records the originals. */
export interface ControllerWork {
  readonly host: Host
  readonly journal: FileJournal
  /** What it has locked of the host. */
  readonly resources: readonly Resource[]
  /** Whether an entry of the journal is its own: those it forgets and restores. */
  readonly concerns: (entry: JournalEntry) => boolean
  /** Whether it has changed anything. */
  readonly hasChanged: () => boolean
}

/**
 * Milliseconds of real time from the stop to the end of the restore: a shutdown takes two seconds, and the connection is
 * closed after this.
 */
const longestEnd = 1_700
/** Milliseconds that the restore has in any case, however long the last tick took to finish. */
const shortestEnd = 500
/** Milliseconds of them to wait for balloons on their way, and for each call. */
const endTimeouts = { wait: 1_000, timeout: 400 }
/** Milliseconds to wait for each answer at the start. */
const startTimeout = 1_000

/**
 * Notes what an earlier run has left on the host, does the work, and restores the originals when it has come to its end
 * or was stopped. When an error ended it, guests stay as they are, as with `--no-restore`.
 */
export async function runThenRestore(
  context: CliContext,
  options: ControlOptions,
  work: ControllerWork,
  run: () => Promise<unknown>,
): Promise<void> {
  let stoppedAt: number | undefined
  context.signal.addEventListener('abort', () => {
    stoppedAt = realClock.now()
  })
  const end = async () => {
    const since = realClock.now() - (stoppedAt ?? realClock.now())
    if (options.restore === false) logLeftInPlace(context, work)
    else await restoreOriginals(context, work, Math.max(shortestEnd, longestEnd - since))
  }
  await logEarlierRun(context, options, work)
  try {
    await run()
  } catch (error) {
    if (error instanceof WorkFailed) await end()
    else logLeftInPlace(context, work)
    throw error
  }
  await end()
}

/**
 * Removes from the journal what another program changed since an earlier run, and what has ended: this run begins with
 * those settings as they are.
 */
async function logEarlierRun(
  context: CliContext,
  options: ControlOptions,
  { host, journal, concerns: ours }: ControllerWork,
): Promise<void> {
  if ((await journal.entries()).length === 0) return
  // A connection of its own: the first sample of the loop must not be a second one a moment later.
  const inspected = await openHost(context, options, { readOnly: true })
  if (!inspected) return
  await using _inspected = closing(inspected)
  const statuses = await unlessAborted(inspectSettings(inspected, journal, startTimeout), context.signal)
  if (!statuses) return
  const seen = [...statuses]
  const ended = seen.filter(([entry, status]) => status === 'ended' && ours(entry))
  const external = seen.filter(([entry, status]) => status === 'external' && ours(entry))
  await journal.forget([...ended, ...external].map(([entry]) => entry))
  const locks = await lockOwners(host.uri, context.lockPlaces)
  const locked = locks.filter((lock) => lock.locked).map(({ resource }) => resource)
  const left = seen.filter(([entry, status]) => {
    return status === 'changed' && (ours(entry) || !locked.includes(resourceOf(entry)))
  })
  const what = (some: readonly (readonly [JournalEntry, unknown])[]) => listed(some.map(([entry]) => entry))
  if (left.length > 0) {
    logNotice(
      context,
      `${what(left)} left by an earlier run: their originals stay in the journal, and "ballast restore" restores them`,
    )
  }
  if (external.length > 0)
    logNotice(context, `${what(external)} changed by another program since an earlier run`)
}

function logLeftInPlace(context: CliContext, { hasChanged }: ControllerWork): void {
  if (hasChanged()) logNotice(context, `guests stay as they are; "ballast restore" restores them`)
}

/** Takes `limit` milliseconds of real time at most. */
async function restoreOriginals(context: CliContext, work: ControllerWork, limit: number): Promise<void> {
  const { host, journal } = work
  const kept = await keptOf(work)
  if (kept.length === 0) return
  const own: Journal = {
    record: (entries, active) => journal.record(entries, active),
    entries: () => keptOf(work),
  }
  const later = `"ballast restore" restores them`
  try {
    const report = await withTimeout(realClock, limit, restore(host, own, endTimeouts))
    if (report === timedOut) {
      logNotice(context, `not all guests could be restored in time; "ballast restore" restores the rest`)
      return
    }
    await settle(context, report, work)
    const line = lineOf(report)
    if (line !== '') logNotice(context, line)
  } catch (error) {
    if (!(error instanceof BallastError)) throw error
    logNotice(context, `guests stay as they are: ${error.message}; ${later}`)
  }
}

/** The entries that are its own. A journal that cannot be read was reported when it was to be written. */
async function keptOf({ journal, concerns }: ControllerWork): Promise<readonly JournalEntry[]> {
  try {
    return (await journal.entries()).filter(concerns)
  } catch (error) {
    if (error instanceof BallastError) return []
    throw error
  }
}

/** Removes from the journal what is restored, and the journal when nothing is left. */
async function settle(
  context: CliContext,
  report: RestoreReport,
  { host, journal, resources }: ControllerWork,
): Promise<void> {
  await journal.forget(settled(report))
  if ((await journal.entries()).length > 0) return
  try {
    // A controller of the rest of the host writes to the same file.
    const others = allResources.filter((resource) => !resources.includes(resource))
    using _lock = await lockHost(host, { resources: others, command: 'ballast' }, context.lockPlaces)
    await journal.remove()
  } catch (error) {
    if (!(error instanceof BallastError && error.code === 'ERR_LOCKED')) throw error
  }
}

/** The entries that need not be restored any more, or never can be. */
export function settled({ restored, notRestored, external, ended }: RestoreReport): JournalEntry[] {
  const unknown = notRestored.filter(({ entry }) => entry.original === null)
  return [...restored, ...external, ...ended, ...unknown.map(({ entry }) => entry)]
}

function lineOf({ restored, notRestored, external }: RestoreReport): string {
  const missing = notRestored.map(({ entry }) => entry).filter(({ original }) => original !== null)
  return [
    ...(restored.length > 0 ? [`restored: ${listed(restored)}`] : []),
    ...(external.length > 0 ? [`left as another program set it: ${listed(external)}`] : []),
    ...(missing.length > 0
      ? [`not restored yet: ${listed(missing)}: "ballast restore" restores the rest`]
      : []),
  ].join('; ')
}
