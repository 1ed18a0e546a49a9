import { rm } from 'node:fs/promises'
import { lockHost, lockOwners } from '../../control/host-lock/host-lock.ts'
import { resources as allResources, type Resource } from '../../control/host-lock/owner.ts'
import type { FileJournal } from '../../control/journal/file-journal.ts'
import { type JournalEntry, resourceOf } from '../../control/journal/journal.ts'
import { inspectSettings } from '../../control/restore/inspect.ts'
import { type RestoreReport, restore } from '../../control/restore/restore.ts'
import { BallastError } from '../../host/errors.ts'
import type { Host } from '../../host/host.ts'
import { realClock } from '../../libvirt/real-clock.ts'
import { timedOut, withTimeout } from '../../util/timeout.ts'
import { unlessAborted } from '../../util/unless-aborted.ts'
import { closing, openHost } from '../connection.ts'
import { type CliContext, note } from '../context.ts'
import { WorkFailed } from '../exit-codes.ts'
import { listed } from '../journal-text.ts'
import type { ControlOptions } from '../options.ts'

/** What a command works on, and where it writes down what was before. */
export interface ControllerWork {
  readonly host: Host
  readonly journal: FileJournal
  readonly path: string
  /** What it holds of the host. */
  readonly resources: readonly Resource[]
  /** Whether it has changed anything. */
  readonly hasChanged: () => boolean
}

/**
 * Milliseconds of real time from the stop until guests have got back what they had: a shutdown takes two seconds, and
 * the connection is closed after this.
 */
const longestEnd = 1_700
/** Milliseconds that are left for it in any case, however long the last tick took to finish. */
const shortestEnd = 500
/** Milliseconds of them that balloons on their way are waited for, and that each call is. */
const endTimeouts = { wait: 1_000, timeout: 400 }
/** Milliseconds that the questions at the start are waited for. */
const patience = 1_000

/**
 * Says what an earlier run has left on the host, does the work, and brings back what was before it when it came to its
 * end or was stopped. When something else ended it, guests stay as they are, as with `--keep`.
 */
export async function runThenRestore(
  world: CliContext,
  options: ControlOptions,
  work: ControllerWork,
  walk: () => Promise<unknown>,
): Promise<void> {
  let stoppedAt: number | undefined
  world.signal.addEventListener('abort', () => {
    stoppedAt = realClock.now()
  })
  const end = async () => {
    const since = realClock.now() - (stoppedAt ?? realClock.now())
    if (options.keep) logLeftInPlace(world, work)
    else await restoreOriginals(world, work, Math.max(shortestEnd, longestEnd - since))
  }
  await logEarlierRun(world, options, work)
  try {
    await walk()
  } catch (error) {
    if (error instanceof WorkFailed) await end()
    else logLeftInPlace(world, work)
    throw error
  }
  await end()
}

/**
 * What somebody else changed since an earlier run, and what is over, the journal keeps no longer: it is what
 * this run begins with.
 */
async function logEarlierRun(
  world: CliContext,
  options: ControlOptions,
  { host, journal, resources }: ControllerWork,
): Promise<void> {
  if ((await journal.entries()).length === 0) return
  // A connection of its own: the loop's first look is not to be one second look after a moment.
  const looker = await openHost(world, options, { readOnly: true })
  if (!looker) return
  await using _looker = closing(looker)
  const statuses = await unlessAborted(inspectSettings(looker, journal, patience), world.signal)
  if (!statuses) return
  const seen = [...statuses]
  const ours = (entry: JournalEntry) => resources.includes(resourceOf(entry))
  const over = seen.filter(([entry, stands]) => stands === 'over' && ours(entry))
  const foreign = seen.filter(([entry, stands]) => stands === 'foreign' && ours(entry))
  await journal.forget([...over, ...foreign].map(([entry]) => entry))
  const held = (await lockOwners(host.uri)).filter((holding) => holding.held).map(({ resource }) => resource)
  const left = seen.filter(([entry, stands]) => {
    return stands === 'changed' && (ours(entry) || !held.includes(resourceOf(entry)))
  })
  const what = (some: readonly (readonly [JournalEntry, unknown])[]) => listed(some.map(([entry]) => entry))
  if (left.length > 0) {
    note(
      world,
      `${what(left)} of an earlier run: "ballast restore" brings them back; going on, their originals stay in the journal`,
    )
  }
  if (foreign.length > 0) note(world, `${what(foreign)} changed by someone else since an earlier run`)
}

function logLeftInPlace(world: CliContext, { hasChanged }: ControllerWork): void {
  if (hasChanged()) note(world, `guests stay as they are now; "ballast restore" brings back what was before`)
}

/** Takes `limit` milliseconds of real time at most. */
async function restoreOriginals(world: CliContext, work: ControllerWork, limit: number): Promise<void> {
  const { host, journal, resources } = work
  const kept = await keptOf(work)
  if (kept.length === 0) return
  const later = `"ballast restore" brings back what was before`
  try {
    const report = await withTimeout(realClock, limit, restore(host, journal, { ...endTimeouts, resources }))
    if (report === timedOut) {
      note(world, `not all guests could be restored in time; ${later}`)
      return
    }
    await settle(report, work)
    const line = lineOf(report)
    if (line !== '') note(world, line)
  } catch (error) {
    if (!(error instanceof BallastError)) throw error
    note(world, `guests stay as they are now: ${error.message}; ${later}`)
  }
}

/** What the journal has of what we hold. One that cannot be read was told of when it was to be written. */
async function keptOf({ journal, resources }: ControllerWork): Promise<readonly JournalEntry[]> {
  try {
    return (await journal.entries()).filter((entry) => resources.includes(resourceOf(entry)))
  } catch (error) {
    if (error instanceof BallastError) return []
    throw error
  }
}

/** Takes out of the journal what is back, and removes it when nothing is left. */
async function settle(
  report: RestoreReport,
  { host, journal, path, resources }: ControllerWork,
): Promise<void> {
  await journal.forget(settled(report))
  if ((await journal.entries()).length > 0) return
  try {
    // Somebody who works on the rest of the host writes to the same file.
    const others = allResources.filter((resource) => !resources.includes(resource))
    await using _hold = await lockHost(host, { resources: others, command: 'ballast' })
    await rm(path)
  } catch (error) {
    if (!(error instanceof BallastError && error.code === 'ERR_LOCKED')) throw error
  }
}

/** What of a journal nobody has to bring back any more, or can. */
export function settled({
  restored,
  notRestored,
  external: foreign,
  ended: over,
}: RestoreReport): JournalEntry[] {
  const unknown = notRestored.filter(({ entry }) => entry.original === null)
  return [...restored, ...foreign, ...over, ...unknown.map(({ entry }) => entry)]
}

function lineOf({ restored, notRestored, external: foreign }: RestoreReport): string {
  const missing = notRestored.map(({ entry }) => entry).filter(({ original }) => original !== null)
  return [
    ...(restored.length > 0 ? [`brought back: ${listed(restored)}`] : []),
    ...(foreign.length > 0 ? [`left as someone else set it: ${listed(foreign)}`] : []),
    ...(missing.length > 0
      ? [`not back yet: ${listed(missing)}: "ballast restore" brings back the rest`]
      : []),
  ].join('; ')
}
