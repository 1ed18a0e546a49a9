import { rm } from 'node:fs/promises'
import { resolve } from 'node:path'
import { Command } from 'commander'
import { fileJournal } from '../control/file-journal.ts'
import { holdHost } from '../control/hold.ts'
import type { JournalEntry } from '../control/journal.ts'
import { type RestoreReport, restore } from '../control/restore.ts'
import { counted } from '../control/words.ts'
import { printable } from '../host/printable.ts'
import { openHost } from './connection.ts'
import { nameOf } from './entries.ts'
import { WorkFailed } from './exit.ts'
import { defaultJournalPath } from './journal-path.ts'
import { type ConnectionOptions, connectionOptions } from './options.ts'
import { parseText } from './values.ts'
import { type World, writeLines } from './world.ts'

interface RestoreOptions extends ConnectionOptions {
  readonly journal?: string
}

/** `ballast restore` */
export function restoreCommand(world: World): Command {
  return connectionOptions(new Command('restore'))
    .option(
      '--journal <path>',
      'the file that ballast was run with (default: where it is when none was named)',
      parseText('--journal'),
    )
    .summary('bring back what was set before ballast changed it')
    .description(
      'Brings back the pins and the balloon sizes that the guests had before ballast changed them, also ' +
        'after a crash of ballast. Guests that were restarted since have settings of their own and are left ' +
        'alone. When all is back, the journal is removed. A ballast that is still at work has to be stopped first.',
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

async function bringBack(world: World, options: RestoreOptions): Promise<void> {
  const host = await openHost(world, options, { readOnly: false })
  if (!host) return
  await using _host = host
  const path = options.journal ?? defaultJournalPath(host.uri, world.env)
  // A controller at work would change again what comes back.
  await using _hold = await holdHost(host, { command: 'ballast restore', journal: resolve(path) })
  const report = await restore(host, fileJournal(path))
  writeLines(world, linesOf(report))
  const missing = report.notRestored.filter(({ entry }) => entry.original !== null)
  if (missing.length > 0) {
    throw new WorkFailed(`${counted(missing.length, 'setting')} not restored; the journal stays: ${path}`)
  }
  await rm(path)
}

function linesOf({ restored, notRestored, over }: RestoreReport): string[] {
  const of = (kind: JournalEntry['kind']) => restored.filter((entry) => entry.kind === kind).length
  return [
    `restored: ${counted(of('affinity'), 'pin')}, ${counted(of('memory'), 'balloon size')}`,
    ...(of('cpuShares') > 0 ? [`restored: cpu_shares of ${counted(of('cpuShares'), 'guest')}`] : []),
    ...(over.length > 0 ? [`over: ${counted(over.length, 'setting')} of guests that have ended since`] : []),
    ...notRestored.map(({ entry, why }) => printable(`not restored: ${nameOf(entry)}: ${why}`)),
  ]
}
