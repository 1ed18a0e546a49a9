import { lstat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { Command } from 'commander'
import { lockOwners } from '../../control/host-lock/host-lock.ts'
import { describeOwner, type LockStatus } from '../../control/host-lock/owner.ts'
import { fileJournal } from '../../control/journal/file-journal.ts'
import type { JournalEntry } from '../../control/journal/journal.ts'
import { unlessMissing } from '../../control/journal/open.ts'
import { BallastError } from '../../host/errors.ts'
import { printable, printableJson } from '../../util/printable.ts'
import { withoutPassword } from '../../util/uri.ts'
import { nameHost } from '../connection.ts'
import { type CliContext, logNotice, writeLines } from '../context.ts'
import { journalPath } from '../journal-path.ts'
import { countsOf, nameOf, originalOf } from '../journal-text.ts'
import { type ConnectionOptions, connectionOptions } from '../options.ts'
import { parseText } from '../values.ts'

interface StatusOptions extends ConnectionOptions {
  readonly journal?: string
  readonly json?: boolean
}

/** A journal that exists, and its entries, or why they cannot be read. */
interface Found {
  readonly path: string
  readonly entries: readonly JournalEntry[]
  readonly error?: BallastError
}

/** What is found of a host. */
interface Status {
  readonly host: string
  /** Without its answer the host may have another name, and under that what was not found here. */
  readonly isReached: boolean
  readonly locks: readonly LockStatus[]
  readonly journals: readonly Found[]
}

/** `ballast status` */
export function statusCommand(context: CliContext): Command {
  return connectionOptions(new Command('status'))
    .option('--json', 'print it as one line of JSON')
    .option(
      '--journal <path>',
      'the file or directory that ballast was run with, when it does not run any more (default: the default journal)',
      parseText('--journal'),
    )
    .summary('which ballast runs on the host, and what was changed')
    .description(
      'Shows which ballast controls the virtual CPUs and the memory of the host, of which user, since when and ' +
        'with which policies; and what is in its journal: the settings that were changed, with their originals. ' +
        'When none runs, that is what "ballast restore" would restore. Sees only controllers on this machine. ' +
        'Changes nothing.',
    )
    .addHelpText(
      'after',
      `
Examples:
  ballast status                        the default host
  ballast status --json | jq .journals  for other programs

Ends with 0 whether or not a ballast runs, with 1 when a journal cannot be read, and with 3 when the host cannot be
reached: then only what is found under the name that was given is known.`,
    )
    .action((options: StatusOptions) => status(context, options))
}

async function status(context: CliContext, options: StatusOptions): Promise<void> {
  const named = await nameHost(context, options)
  if (named === undefined) return
  const { uri, error: unreachable } = named
  const locks = await lockOwners(uri, context.lockPlaces)
  const used = locks.flatMap((lock) => (lock.locked && lock.owner?.journal) || [])
  const paths = new Set([...used, resolve(journalPath(options.journal, uri, context.env))])
  const journals = (await Promise.all(Array.from(paths, find))).flatMap((found) => found ?? [])
  const found: Status = { host: withoutPassword(uri), isReached: unreachable === undefined, locks, journals }
  writeLines(context, options.json ? [json(found)] : lines(found).map(printable))
  const unreadable = journals.find(({ error }) => error !== undefined)?.error
  if (unreachable && unreadable) logNotice(context, unreadable.message)
  const error = unreachable ?? unreadable
  if (error) throw error
}

async function find(path: string): Promise<Found | undefined> {
  try {
    const stats = await lstat(path).catch(unlessMissing)
    return stats && { path, entries: await fileJournal(path).entries() }
  } catch (error) {
    if (error instanceof BallastError) return { path, entries: [], error }
    const message = error instanceof Error ? error.message : String(error)
    const unreadable = new BallastError('ERR_JOURNAL', `Cannot read the journal ${path}: ${message}`)
    return { path, entries: [], error: unreadable }
  }
}

function json({ host, isReached, locks, journals }: Status): string {
  return printableJson(
    JSON.stringify({
      host,
      locks: locks.map((lock) => (lock.locked || isReached ? lock : { ...lock, locked: null })),
      journals: journals.map(({ path, entries, error }) => ({
        path,
        entries,
        error: error && { code: error.code, message: error.message },
      })),
    }),
  )
}

function lines({ host, isReached, locks, journals }: Status): string[] {
  const nothing = isReached
    ? 'there is nothing to restore'
    : 'whether there is anything to restore is not known'
  const changed = journals.some(({ entries }) => entries.length > 0)
  return [
    `host: ${host}`,
    ...locks.map((lock) => `${lock.resource}: ${ownerOf(lock, isReached)}`),
    ...journals.flatMap(({ path, entries, error }) => [
      `journal ${path}: ${error ? 'cannot be read' : countsOf(entries) || 'empty'}`,
      ...entries.map((entry) => `  ${nameOf(entry)}: was ${originalOf(entry)}`),
    ]),
    ...(locks.some(({ locked }) => locked) || journals.some(({ error }) => error)
      ? []
      : [changed ? '"ballast restore" restores what is in the journal' : nothing]),
  ]
}

function ownerOf(lock: LockStatus, isReached: boolean): string {
  if (!lock.locked) return isReached ? 'free' : 'not known'
  if (!lock.owner) return 'locked by a process that cannot be identified'
  const { policies } = lock.owner
  const named = policies.length > 0 ? ` (policies: ${policies.join(', ')})` : ''
  return describeOwner(lock.owner) + named
}
