import { Argument, Command } from 'commander'
import { type Change, changes } from '../../recording/changes.ts'
import { type LastTick, lastTick } from '../../recording/last-tick.ts'
import { changeLines, lastTickRows, row, timeText } from '../../recording/text.ts'
import { type Alternative, alternativesOf } from '../../report/alternatives.ts'
import { printable, printableJson } from '../../util/printable.ts'
import { type CliContext, logNotice, writeLines } from '../context.ts'
import { connectionOptions } from '../options.ts'
import { openPasts, type PastOptions, usualPast } from '../recent/open-pasts.ts'
import type { Past } from '../recent/past.ts'
import { noSuchGuest } from '../recording/guests.ts'
import { logProblems, recordingOptions } from '../recording/options.ts'
import { parseMoment } from '../values.ts'

interface WhyOptions extends PastOptions {
  /** Milliseconds since the epoch. */
  readonly at?: number
}

/** `ballast why GUEST` */
export function whyCommand(context: CliContext): Command {
  const command = new Command('why').addArgument(new Argument('<guest>', 'name or UUID of the guest'))
  return recordingOptions(connectionOptions(command), usualPast)
    .option(
      '--at <time>',
      'look at this moment, such as 14:30 or 2026-11-28T14:30 (default: now, or the end of the recording)',
      parseMoment('--at'),
    )
    .summary('why a guest was changed, or was not')
    .description(
      'Explains the last change of a guest up to a moment: the figures that led to it, the ' +
        'alternatives that were weighed, and what was seen before, after three samples and after a minute. Then what was ' +
        'decided at that moment, also when nothing was done. Asks the controller that runs for the host, or a recording.',
    )
    .addHelpText(
      'after',
      `
Examples:
  ballast why web1                        its last change, and what holds now
  ballast why web1 --at 14:30             the same, as of half past two
  ballast why web1 --recording DIR        from what "ballast run --record DIR" wrote`,
    )
    .action((guest: string, options: WhyOptions) => why(context, guest, options))
}

async function why(context: CliContext, guest: string, options: WhyOptions): Promise<void> {
  const { at } = options
  const upTo = at === undefined ? '' : ' up to then'
  const names = new Set<string>()
  const answers: Answer[] = []
  for (const pasts of await openPasts(context, options)) {
    const answer = await answerOf(context, pasts, guest, names, at)
    if (answer.change || answer.now) answers.push(answer)
  }
  if (answers.length === 0) {
    throw noSuchGuest(guest, names, upTo)
  }
  for (const { end } of answers) {
    if (at === undefined || end === undefined || at <= end) continue
    logNotice(context, `nothing is known of the time after ${timeText(end)}: this is as of then`)
  }
  if (options.json) {
    writeLines(
      context,
      answers.map((answer) => printableJson(JSON.stringify(withAlternatives(answer)))),
    )
    return
  }
  if (!answers.some(({ change }) => change)) logNotice(context, `no change of ${guest} is known${upTo}`)
  const blocks = answers.flatMap(({ change, now }) => [
    ...(change ? [changeLines(change)] : []),
    ...(now ? [nowLines(guest, now)] : []),
  ])
  writeLines(context, blocks.flatMap((block, i) => (i > 0 ? ['', ...block] : block)).map(printable))
}

/** An answer as JSON has it: what was weighed beside it. */
function withAlternatives({ change, now }: Answer) {
  const of = (one: Change | LastTick | undefined): Alternative[] | undefined =>
    one?.explanation && alternativesOf(one.explanation)
  return { change, now, alternatives: { change: of(change), now: of(now) } }
}

/** What one controller, or the ones that ran after each other, did to a guest. */
interface Answer {
  readonly change: Change | undefined
  readonly now: LastTick | undefined
  /** Milliseconds since the epoch: the last tick that is known; undefined: none is. */
  readonly end: number | undefined
}

async function answerOf(
  context: CliContext,
  pasts: readonly Past[],
  guest: string,
  names: Set<string>,
  at = Number.POSITIVE_INFINITY,
): Promise<Answer> {
  let change: Change | undefined
  let now: LastTick | undefined
  let end: number | undefined
  for (const past of pasts) {
    const { wholeSince = Number.NEGATIVE_INFINITY } = past
    const follow = lastTick(past.entries, guest, at, wholeSince)
    for await (const next of changes(follow.entries, (uuid, name) => guest === uuid || guest === name)) {
      if (next.wallTime <= at) change = next
    }
    now = follow.result() ?? now
    end = follow.end() ?? end
    for (const name of follow.names) names.add(name)
    logProblems(context, past)
    if (at < wholeSince) {
      logNotice(context, `only changes are known of the time before ${timeText(wholeSince)}; see --recording`)
    }
  }
  return { change, now, end }
}

function nowLines(guest: string, now: LastTick): string[] {
  return [
    `${guest}, ${timeText(now.wallTime)} (tick ${now.tick})`,
    ...lastTickRows(now).map(({ name, text }) => row(name, text)),
  ]
}
