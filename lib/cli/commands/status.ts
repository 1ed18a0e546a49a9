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
import { canonicalUri } from '../connection.ts'
import { type CliContext, writeLines } from '../context.ts'
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

Ends with 0 whether or not a ballast runs, and with 1 when a journal cannot be read.`,
    )
    .action((options: StatusOptions) => status(context, options))
}

async function status(context: CliContext, options: StatusOptions): Promise<void> {
  const uri = await canonicalUri(context, options)
  if (uri === undefined) return
  const locks = await lockOwners(uri, context.lockPlaces)
  const used = locks.flatMap((lock) => (lock.locked && lock.owner?.journal) || [])
  const paths = new Set([...used, resolve(journalPath(options.journal, uri, context.env))])
  const journals = (await Promise.all(Array.from(paths, find))).flatMap((found) => found ?? [])
  const host = withoutPassword(uri)
  writeLines(
    context,
    options.json ? [json(host, locks, journals)] : lines(host, locks, journals).map(printable),
  )
  const unreadable = journals.find(({ error }) => error !== undefined)
  if (unreadable?.error) throw unreadable.error
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

function json(host: string, locks: readonly LockStatus[], journals: readonly Found[]): string {
  return printableJson(
    JSON.stringify({
      host,
      locks,
      journals: journals.map(({ path, entries, error }) => ({
        path,
        entries,
        error: error && { code: error.code, message: error.message },
      })),
    }),
  )
}

function lines(host: string, locks: readonly LockStatus[], journals: readonly Found[]): string[] {
  const changed = journals.some(({ entries }) => entries.length > 0)
  return [
    `host: ${host}`,
    ...locks.map((lock) => `${lock.resource}: ${ownerOf(lock)}`),
    ...journals.flatMap(({ path, entries, error }) => [
      `journal ${path}: ${error ? 'cannot be read' : countsOf(entries) || 'empty'}`,
      ...entries.map((entry) => `  ${nameOf(entry)}: was ${originalOf(entry)}`),
    ]),
    ...(locks.some(({ locked }) => locked) || journals.some(({ error }) => error)
      ? []
      : [changed ? '"ballast restore" restores what is in the journal' : 'there is nothing to restore']),
  ]
}

function ownerOf(lock: LockStatus): string {
  if (!lock.locked) return 'free'
  if (!lock.owner) return 'locked by a process that cannot be identified'
  const { policies } = lock.owner
  const named = policies.length > 0 ? ` (policies: ${policies.join(', ')})` : ''
  return describeOwner(lock.owner) + named
}
