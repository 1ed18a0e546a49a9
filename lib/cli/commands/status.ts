import { lstat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { Command } from 'commander'
import { describeOwner, lockOwners } from '../../control/host-lock/host-lock.ts'
import type { LockStatus } from '../../control/host-lock/owner.ts'
import { fileJournal } from '../../control/journal/file-journal.ts'
import type { JournalEntry } from '../../control/journal/journal.ts'
import { unlessMissing } from '../../control/journal/open.ts'
import { BallastError } from '../../host/errors.ts'
import { printable, printableJson } from '../../util/printable.ts'
import { withoutPassword } from '../../util/uri.ts'
import { closing, openHost, uriOf } from '../connection.ts'
import { type CliContext, logNotice, writeLines } from '../context.ts'
import { journalPath } from '../journal-path.ts'
import { countsOf, nameOf, originalOf } from '../journal-text.ts'
import { type ConnectionOptions, connectionOptions } from '../options.ts'
import { parseText } from '../values.ts'

interface StatusOptions extends ConnectionOptions {
  readonly journal?: string
  readonly json?: boolean
}

/** A journal that is there, and what is in it, or why that cannot be read. */
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
      'the file or directory that ballast was run with, when it runs no more (default: where it is when none was named)',
      parseText('--journal'),
    )
    .summary('who is at work on the host, and what was changed')
    .description(
      'Says which ballast is at work on the virtual CPUs and on the memory of the host, of which user, since ' +
        'when and with which policies; and what is in its journal: the settings that were changed, with what ' +
        'they were before. When nobody is at work, what "ballast restore" would bring back. Sees only what ' +
        'runs on this machine. Changes nothing.',
    )
    .addHelpText(
      'after',
      `
Examples:
  ballast status                        the default host
  ballast status --json | jq .journals  for other programs

Ends with 0 whether or not somebody is at work, and with 1 when a journal cannot be read.`,
    )
    .action((options: StatusOptions) => status(context, options))
}

async function status(context: CliContext, options: StatusOptions): Promise<void> {
  const uri = await canonicalUri(context, options)
  if (uri === undefined) return
  const holdings = await lockOwners(uri)
  const told = holdings.flatMap((holding) => (holding.held && holding.holder?.journal) || [])
  const paths = new Set([...told, resolve(journalPath(options.journal, uri, context.env))])
  const journals = (await Promise.all(Array.from(paths, find))).flatMap((found) => found ?? [])
  const host = withoutPassword(uri)
  writeLines(
    context,
    options.json ? [json(host, holdings, journals)] : lines(host, holdings, journals).map(printable),
  )
  const unreadable = journals.find(({ error }) => error !== undefined)
  if (unreadable?.error) throw unreadable.error
}

/** The URI as libvirt completes it; as it was given when the daemon is away. Undefined: the user stopped us. */
async function canonicalUri(context: CliContext, options: StatusOptions): Promise<string | undefined> {
  try {
    const host = await openHost(context, options, { readOnly: true })
    if (!host) return undefined
    await using _host = closing(host)
    return host.uri
  } catch (error) {
    if (!(error instanceof BallastError)) throw error
    logNotice(context, error.message)
    return withoutPassword(uriOf(context, options))
  }
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

function json(host: string, holdings: readonly LockStatus[], journals: readonly Found[]): string {
  return printableJson(
    JSON.stringify({
      host,
      holdings,
      journals: journals.map(({ path, entries, error }) => ({
        path,
        entries,
        error: error && { code: error.code, message: error.message },
      })),
    }),
  )
}

function lines(host: string, holdings: readonly LockStatus[], journals: readonly Found[]): string[] {
  const changed = journals.some(({ entries }) => entries.length > 0)
  return [
    `host: ${host}`,
    ...holdings.map((holding) => `${holding.resource}: ${whoHolds(holding)}`),
    ...journals.flatMap(({ path, entries, error }) => [
      `journal ${path}: ${error ? 'cannot be read' : countsOf(entries) || 'empty'}`,
      ...entries.map((entry) => `  ${nameOf(entry)}: was ${originalOf(entry)}`),
    ]),
    ...(holdings.some(({ held }) => held) || journals.some(({ error }) => error)
      ? []
      : [changed ? '"ballast restore" restores what is in the journal' : 'there is nothing to restore']),
  ]
}

function whoHolds(holding: LockStatus): string {
  if (!holding.held) return 'nobody'
  if (!holding.holder) return 'a process that does not say who it is'
  const { policies } = holding.holder
  const named = policies.length > 0 ? ` (policies: ${policies.join(', ')})` : ''
  return describeOwner(holding.holder) + named
}
