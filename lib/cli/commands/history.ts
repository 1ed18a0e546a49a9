import { Argument, Command } from 'commander'
import { changes } from '../../recording/changes.ts'
import { changeLine, timeText } from '../../recording/text.ts'
import { printable, printableJson } from '../../util/printable.ts'
import { type CliContext, logNotice, writeLines } from '../context.ts'
import { connectionOptions } from '../options.ts'
import { openPasts, type PastOptions, usualPast } from '../recent/open-pasts.ts'
import { noSuchGuest, SeenGuests } from '../recording/guests.ts'
import { logProblems, recordingOptions } from '../recording/options.ts'
import { parseAge } from '../values.ts'

interface HistoryOptions extends PastOptions {
  /** Milliseconds. */
  readonly since?: number
}

/** `ballast history [guest]` */
export function historyCommand(context: CliContext): Command {
  const command = new Command('history').addArgument(
    new Argument('[guest]', 'only this guest, by name or UUID'),
  )
  return recordingOptions(connectionOptions(command), usualPast)
    .option('--since <age>', 'only the last 30s, 15m, 2h or 7d (default: all)', parseAge('--since'))
    .summary('what was changed, why, and what came of it')
    .description(
      'Lists what was done to which guest, for which reason, and the delay of its virtual CPU, or how its memory was, ' +
        'before and over the three samples after. Asks the controller that runs for the host, or a recording.',
    )
    .addHelpText(
      'after',
      `
Examples:
  ballast history                         every change that the running controller remembers
  ballast history web1 --since 1h         the last hour of one guest
  ballast history --recording DIR         from what "ballast run --record DIR" wrote
  ballast history --json | jq .after      for other programs`,
    )
    .action((guest: string | undefined, options: HistoryOptions) => history(context, guest, options))
}

async function history(
  context: CliContext,
  guest: string | undefined,
  options: HistoryOptions,
): Promise<void> {
  const begin = options.since === undefined ? Number.NEGATIVE_INFINITY : Date.now() - options.since
  const seen = new SeenGuests(guest)
  let count = 0
  for (const past of (await openPasts(context, options)).flat()) {
    const { since } = past
    if (since !== undefined && begin < since) logNotice(context, `known since ${timeText(since)}`)
    const concerns = (uuid: string, name: string) => guest === undefined || guest === uuid || guest === name
    for await (const change of changes(seen.follow(past.entries), concerns)) {
      // It may have ended before what is known of the guests begins.
      seen.isSeen = true
      if (change.wallTime < begin) continue
      count++
      writeLines(context, [
        options.json ? printableJson(JSON.stringify(change)) : printable(changeLine(change)),
      ])
    }
    logProblems(context, past)
  }
  if (guest !== undefined && !seen.isSeen) throw noSuchGuest(guest, seen.names)
  if (count > 0 || options.json) return
  const period = options.since === undefined ? '' : ' in this time'
  logNotice(context, `no change of ${guest ?? 'any guest'} is known${period}`)
}
