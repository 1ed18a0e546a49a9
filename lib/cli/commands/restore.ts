import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { resolve } from 'node:path'
import { Command } from 'commander'
import { lockHost } from '../../control/host-lock/host-lock.ts'
import { fileJournal } from '../../control/journal/file-journal.ts'
import { type RestoreReport, restore } from '../../control/restore/restore.ts'
import { BallastError } from '../../host/errors.ts'
import { counted } from '../../util/format.ts'
import { printable } from '../../util/printable.ts'
import { closing, openHost } from '../connection.ts'
import { type CliContext, writeLines } from '../context.ts'
import { settled } from '../controller/shutdown.ts'
import { WorkFailed } from '../exit-codes.ts'
import { journalPath } from '../journal-path.ts'
import { listed, nameOf } from '../journal-text.ts'
import { type ConnectionOptions, connectionOptions } from '../options.ts'
import { parseText } from '../values.ts'

interface RestoreOptions extends ConnectionOptions {
  readonly journal?: string
}

/** `ballast restore` */
export function restoreCommand(world: CliContext): Command {
  return connectionOptions(new Command('restore'))
    .option(
      '--journal <path>',
      'the file or directory that ballast was run with (default: where it is when none was named)',
      parseText('--journal'),
    )
    .summary('bring back what was set before ballast changed it')
    .description(
      'Brings back the pins and the balloon sizes that the guests had before ballast changed them, also ' +
        'after a crash of ballast. Guests that were restarted since have settings of their own and are left ' +
        'alone, and so is what someone else changed after ballast did. When all is back, the journal is removed. A ballast that is still at work has to be stopped first.',
    )
    .addHelpText(
      'after',
      `
Examples:
  ballast restore                        what ballast changed on the default host
  ballast restore --journal ./mine.jsonl what was written down with --journal`,
    )
    .action((options: RestoreOptions) => bringBack(world, options))
}

async function bringBack(world: CliContext, options: RestoreOptions): Promise<void> {
  const host = await openHost(world, options, { readOnly: false })
  if (!host) return
  await using _host = closing(host)
  const path = resolve(journalPath(options.journal, host.uri, world.env))
  if (!existsSync(path)) {
    throw new BallastError(
      'ERR_JOURNAL',
      `There is no journal ${path}: give the path that Ballast was run with, or nothing was changed`,
    )
  }
  // A controller at work would change again what comes back.
  await using _hold = await lockHost(host, { command: 'ballast restore', journal: path })
  const journal = fileJournal(path)
  const report = await restore(host, journal)
  writeLines(world, linesOf(report))
  const missing = report.notRestored.filter(({ entry }) => entry.original !== null)
  if (missing.length > 0) {
    await journal.forget(settled(report))
    throw new WorkFailed(`${counted(missing.length, 'setting')} not restored; the journal stays: ${path}`)
  }
  await rm(path)
}

function linesOf({ restored, notRestored, external: foreign, ended: over }: RestoreReport): string[] {
  return [
    `restored: ${listed(restored) || 'nothing'}`,
    ...(over.length > 0 ? [`over: ${counted(over.length, 'setting')} of guests that have ended since`] : []),
    ...foreign.map((entry) => printable(`left as someone else set it: ${nameOf(entry)}`)),
    ...notRestored.map(({ entry, why }) => printable(`not restored: ${nameOf(entry)}: ${why}`)),
  ]
}
