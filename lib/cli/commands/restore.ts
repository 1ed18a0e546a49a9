import { existsSync } from 'node:fs'
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
export function restoreCommand(context: CliContext): Command {
  return connectionOptions(new Command('restore'))
    .option(
      '--journal <path>',
      'the file or directory that ballast was run with (default: where it is when none was named)',
      parseText('--journal'),
    )
    .summary('restore what was set before ballast changed it')
    .description(
      'Restores the pins, the balloon sizes and the other settings that the guests had before ballast changed them, ' +
        'also after a crash of ballast. Guests that were restarted since have settings of their own and are ' +
        'skipped, and so is what another program changed after ballast did. When everything is restored, the ' +
        'journal is removed. A ballast that is running has to be stopped first.',
    )
    .addHelpText(
      'after',
      `
Examples:
  ballast restore                        what ballast changed on the default host
  ballast restore --journal ./mine.jsonl what a run with --journal changed`,
    )
    .action((options: RestoreOptions) => restoreHost(context, options))
}

async function restoreHost(context: CliContext, options: RestoreOptions): Promise<void> {
  const host = await openHost(context, options, { readOnly: false })
  if (!host) return
  await using _host = closing(host)
  const path = resolve(journalPath(options.journal, host.uri, context.env))
  if (!existsSync(path)) {
    // Without the option there is a journal wherever ballast changed anything.
    if (options.journal === undefined) {
      writeLines(context, [printable(`there is nothing to restore: there is no journal ${path}`)])
      return
    }
    throw new BallastError(
      'ERR_JOURNAL',
      `There is no journal ${path}: give the path that ballast was run with`,
    )
  }
  // A controller that runs would change again what is restored.
  using _lock = await lockHost(host, { command: 'ballast restore', journal: path }, context.lockPlaces)
  const journal = fileJournal(path)
  const report = await restore(host, journal)
  writeLines(context, linesOf(report))
  const missing = report.notRestored.filter(({ entry }) => entry.original !== null)
  if (missing.length > 0) {
    await journal.forget(settled(report))
    throw new WorkFailed(`${counted(missing.length, 'setting')} not restored; the journal stays: ${path}`)
  }
  await journal.remove()
}

function linesOf({ restored, notRestored, external, ended }: RestoreReport): string[] {
  return [
    `restored: ${listed(restored) || 'nothing'}`,
    ...(ended.length > 0
      ? [`ended: ${counted(ended.length, 'setting')} of guests that have ended since`]
      : []),
    ...external.map((entry) => printable(`left as another program set it: ${nameOf(entry)}`)),
    ...notRestored.map(({ entry, why }) => printable(`not restored: ${nameOf(entry)}: ${why}`)),
  ]
}
