import type { Command } from 'commander'
import { globMatcher } from '../../util/glob.ts'
import { printable } from '../../util/printable.ts'
import { closing, logConnection, openHost } from '../connection.ts'
import { type CliContext, isTerminal, writeLines } from '../context.ts'
import { runTicks } from '../controller/ticks.ts'
import { addOptions, type LoopOptions, loopCommand } from '../options.ts'

/** Guests that are shown without `--all`. */
const fewGuests = 10

interface MonitorOptions extends LoopOptions {
  readonly all?: boolean
}

/** `ballast monitor [seconds]` */
export function monitorCommand(context: CliContext): Command {
  return addOptions(loopCommand('monitor'), ['connect', 'match'], {
    match: 'show only guests whose names match, such as "web*" (default: all)',
  })
    .option('--all', 'show a line for every physical CPU, and every guest that fits')
    .summary('show the physical CPUs, the guests on them and their memory')
    .description(
      'Shows, every few seconds, a bar for the physical CPUs of each NUMA cell, then the ten guests with the ' +
        'lowest scores, each with its load and its memory. With --all, a bar for each physical CPU with the ' +
        'guests that are on it, then each guest. In a bar, solid is what is used and shaded is what waits. ' +
        'Changes nothing.',
    )
    .addHelpText(
      'after',
      `
Examples:
  ballast monitor                        every 2 seconds, until Ctrl-C
  ballast monitor 1 --ticks 2            two samples, a second apart (the first has no load yet)
  ballast monitor --all                  each physical CPU, each guest
  ballast monitor --json | jq .memory    for other programs`,
    )
    .action((interval: number, options: MonitorOptions) => monitor(context, options, interval))
}

async function monitor(context: CliContext, options: MonitorOptions, interval: number): Promise<void> {
  const host = await openHost(context, options, { readOnly: true, stays: true })
  if (!host) return
  await using _ = closing(host)
  const terminal = isTerminal(context)
  // On a terminal every frame says so.
  if (!terminal || options.json) logConnection(context, host)
  // Loaded only here: `ballast run` has no use for what tells the width of a text.
  const { table } = await import('../../report/table.ts')
  const shows = globMatcher(options.match ?? '*')
  await runTicks(context, host, options, { interval, match: options.match }, (tick) => {
    const { columns = 100, rows = 24 } = context.stdout
    const problems = tick.errors.map((error) => printable(error.message))
    const bars = options.all ? tick.view.online.size : tick.view.topology.cells.length
    const fitting = terminal ? Math.max(3, rows - bars - problems.length - 5) : Number.POSITIVE_INFINITY
    const lines = table(tick, {
      colour: terminal && !context.env.NO_COLOR,
      columns,
      cells: !options.all,
      guests: options.all ? fitting : Math.min(fewGuests, fitting),
      shows,
    })
    writeLines(
      context,
      terminal ? frame([...lines, ...problems].slice(0, rows - 1), tick.index) : [...lines, ...problems, ''],
    )
  })
}

/** Lines that are written over those of the frame before; without erasing the screen first, so nothing flickers. */
function frame(lines: readonly string[], index: number): string[] {
  const clear = index === 0 ? '\x1b[2J' : ''
  const [first = '', ...others] = lines.map((line) => `${line}\x1b[K`)
  return [`${clear}\x1b[H${first}`, ...others.slice(0, -1), `${others.at(-1) ?? ''}\x1b[J`]
}
