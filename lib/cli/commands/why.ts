import { Argument, Command } from 'commander'
import { type Change, changes } from '../../recording/changes.ts'
import { type LastTick, lastTick } from '../../recording/last-tick.ts'
import { printable, printableJson } from '../../util/printable.ts'
import { type CliContext, logNotice, writeLines } from '../context.ts'
import { UsageError } from '../exit-codes.ts'
import { logProblems, openRecordings, type ReadingOptions, recordingOptions } from '../recording/options.ts'
import { changeLines, row, scoreText, timeText, weighed } from '../recording/text.ts'
import { parseMoment } from '../values.ts'

interface WhyOptions extends ReadingOptions {
  /** Milliseconds since the epoch. */
  readonly at?: number
}

/** `ballast why GUEST` */
export function whyCommand(context: CliContext): Command {
  return recordingOptions(
    new Command('why').addArgument(new Argument('<guest>', 'name or UUID of the guest')),
  )
    .option(
      '--at <time>',
      'look at this moment, such as 14:30 or 2026-11-28T14:30 (default: the end of the recording)',
      parseMoment('--at'),
    )
    .summary('why a guest was changed, or was not')
    .description(
      'Explains the last change of a guest that was recorded up to a moment: the figures that led to it, the ' +
        'alternatives that were weighed, and what was seen before, after three samples and after a minute. Then what was ' +
        'decided at that moment, also when nothing was done.',
    )
    .addHelpText(
      'after',
      `
Examples:
  ballast why web1                        its last change, and what holds now
  ballast why web1 --at 14:30             the same, as of half past two`,
    )
    .action((guest: string, options: WhyOptions) => why(context, guest, options))
}

async function why(context: CliContext, guest: string, options: WhyOptions): Promise<void> {
  const at = options.at ?? Number.POSITIVE_INFINITY
  let last: Change | undefined
  let now: LastTick | undefined
  const names = new Set<string>()
  for (const recording of await openRecordings(context, options)) {
    const follow = lastTick(recording.entries, guest, at)
    for await (const change of changes(follow.entries, (uuid, name) => guest === uuid || guest === name)) {
      if (change.wallTime <= at) last = change
    }
    now = follow.result() ?? now
    for (const name of follow.names) names.add(name)
    logProblems(context, recording)
  }
  if (!now) throw new UsageError(`no guest ${JSON.stringify(guest)} in the recording${known(names)}`)
  if (options.json) {
    writeLines(context, [printableJson(JSON.stringify({ change: last, now }))])
    return
  }
  if (!last) logNotice(context, `no change of ${guest} was recorded up to then`)
  writeLines(context, [...(last ? [...changeLines(last), ''] : []), ...nowLines(guest, now)].map(printable))
}

function nowLines(
  guest: string,
  { tick, wallTime, summary, skipped, explanation, clamps, score }: LastTick,
): string[] {
  return [
    `${guest}, ${timeText(wallTime)} (tick ${tick})`,
    row('host', summary),
    row('score', scoreText(score)),
    ...(explanation ? weighed(explanation) : []),
    ...clamps.map(({ result, cause }) => row('guard', `${result}: ${cause.text}`)),
    ...skipped.map(({ what, reason }) => row('skipped', `${what}: ${reason.text}`)),
  ]
}

/** The names that there are, as far as they fit a line. */
function known(names: ReadonlySet<string>): string {
  const some = [...names].slice(0, 10)
  return some.length === 0 ? '' : `; it has ${some.join(', ')}${names.size > some.length ? ', …' : ''}`
}
