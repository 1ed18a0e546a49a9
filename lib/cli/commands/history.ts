import { Argument, Command } from 'commander'
import { changes } from '../../recording/changes.ts'
import { printable, printableJson } from '../../util/printable.ts'
import { type CliContext, logNotice, writeLines } from '../context.ts'
import { logProblems, openRecordings, type ReadingOptions, recordingOptions } from '../recording/options.ts'
import { changeLine } from '../recording/text.ts'
import { parseAge } from '../values.ts'

interface HistoryOptions extends ReadingOptions {
  /** Milliseconds. */
  readonly since?: number
}

/** `ballast history [guest]` */
export function historyCommand(context: CliContext): Command {
  return recordingOptions(
    new Command('history').addArgument(new Argument('[guest]', 'only this guest, by name or UUID')),
  )
    .option('--since <age>', 'only the last 30s, 15m, 2h or 7d (default: all)', parseAge('--since'))
    .summary('what was changed, why, and what came of it')
    .description(
      'Lists the changes in a recording that "ballast run --record" made: what was done to which guest, for which ' +
        'reason, and how long its virtual CPU waited, or how its memory was, before and over the three samples after.',
    )
    .addHelpText(
      'after',
      `
Examples:
  ballast history                         every change that was recorded
  ballast history web1 --since 1h         the last hour of one guest
  ballast history --json | jq .after      for other programs`,
    )
    .action((guest: string | undefined, options: HistoryOptions) => history(context, guest, options))
}

async function history(
  context: CliContext,
  guest: string | undefined,
  options: HistoryOptions,
): Promise<void> {
  const since = options.since === undefined ? Number.NEGATIVE_INFINITY : Date.now() - options.since
  let count = 0
  for (const recording of await openRecordings(context, options)) {
    const concerns = (uuid: string, name: string) => guest === undefined || guest === uuid || guest === name
    for await (const change of changes(recording.entries, concerns)) {
      if (change.wallTime < since) continue
      count++
      writeLines(context, [
        options.json ? printableJson(JSON.stringify(change)) : printable(changeLine(change)),
      ])
    }
    logProblems(context, recording)
  }
  if (count > 0 || options.json) return
  const period = options.since === undefined ? '' : ' in this time'
  logNotice(context, `no change of ${guest ?? 'any guest'} was recorded${period}`)
}
