import { setTimeout as sleep } from 'node:timers/promises'
import { Argument, Command, Option } from 'commander'
import { readRecordings, type StoredRecording } from '../../recording/read-recording.ts'
import { timeText } from '../../recording/text.ts'
import { type CliContext, isTerminal } from '../context.ts'
import { UsageError } from '../exit-codes.ts'
import { connectionOptions } from '../options.ts'
import type { AttachOptions } from '../top/attach.ts'
import { type SortKey, sortKeys } from '../top/state.ts'
import { parseChoice, parseMoment, parseSeconds, parseText } from '../values.ts'

interface TopCommandOptions extends AttachOptions {
  readonly sort: SortKey
  readonly filter?: string
  /** Milliseconds since the epoch. */
  readonly at?: number
  readonly ascii?: boolean
}

/** Milliseconds before a host is looked for again whose controller has ended. */
const pause = 1_000

/** `ballast top [recording]` */
export function topCommand(context: CliContext): Command {
  const command = new Command('top').addArgument(
    new Argument('[recording]', 'a directory with a recording, or one of its files, to move through'),
  )
  return connectionOptions(command)
    .addOption(
      new Option('--interval <seconds>', 'how often to look, where no controller runs')
        .argParser(parseSeconds)
        .default(2_000, '2'),
    )
    .addOption(
      new Option('--sort <column>', 'by what guests are sorted at first')
        .choices(sortKeys)
        .argParser(parseChoice(sortKeys))
        .default('score'),
    )
    .option('--filter <text>', 'show only guests with this in their name', parseText('--filter'))
    .option(
      '--at <time>',
      'begin a recording at this moment, such as 14:30 or 2026-11-28T14:30',
      parseMoment('--at'),
    )
    .option('--ascii', 'draw with ASCII alone (default: where the locale is not UTF-8)')
    .summary('watch a host, its controller or a recording on the whole screen')
    .description(
      'Shows the load of the physical CPUs as a map, the guests as a table, and what was decided and why, on the ' +
        'whole screen of a terminal. Follows the controller of the host where one runs; else watches the host over a ' +
        'connection of its own; or moves through a recording. Changes nothing. Press ? for the keys.',
    )
    .addHelpText(
      'after',
      `
Examples:
  ballast top                             the host as its controller sees it, or as it is
  ballast top --sort delay                the guests first that wait
  ballast top /var/lib/ballast/recordings --at 14:30    what was then; space plays it`,
    )
    .action((recording: string | undefined, options: TopCommandOptions) => top(context, recording, options))
}

async function top(
  context: CliContext,
  recording: string | undefined,
  options: TopCommandOptions,
): Promise<void> {
  const { process } = context
  if (!process || !isTerminal(context) || !process.stdin.isTTY) {
    const lack =
      context.stdout.isTTY && context.env.TERM === 'dumb'
        ? 'needs a terminal that can move its cursor, and TERM is dumb: set TERM, or use "ballast monitor"'
        : 'needs a terminal: use "ballast monitor" for output to files and pipes'
    throw new UsageError(`ballast top ${lack}`)
  }
  // All of it is loaded here: `ballast run` has no use for it.
  const [{ showTop }, { initialState }, { glyphsFor }] = await Promise.all([
    import('../top/top.ts'),
    import('../top/state.ts'),
    import('../top/screen/glyphs.ts'),
  ])
  const { sort, filter = '', at } = options
  const stored = recording === undefined ? undefined : await lastRecording(recording, at)
  await showTop(context, process, {
    state: initialState({ sort, filter }),
    glyphs: glyphsFor(context.env, options),
    transport: stored ? await recorded(context, recording!, stored, at) : await live(context, options),
  })
}

/** Of the recordings in a directory the last one, or the last that had begun by a moment. Rejects with `ERR_RECORDING`. */
async function lastRecording(path: string, at = Number.POSITIVE_INFINITY): Promise<StoredRecording> {
  const all = await readRecordings(path)
  return all.findLast(({ header }) => header.wallTime <= at) ?? all[0]!
}

async function recorded(context: CliContext, path: string, stored: StoredRecording, at: number | undefined) {
  const { Player } = await import('../top/player.ts')
  const { id, uri, wallTime } = stored.header
  let first: StoredRecording | undefined = stored
  /** Read again each time: what was read is used up. */
  const open = async () => {
    const again = first ?? (await readRecordings(path)).find(({ header }) => header.id === id)
    first = undefined
    return again ?? stored
  }
  return async (changed: () => void) => {
    const title = `recorded from ${timeText(wallTime)}  ${uri}`
    return new Player(open, { title, at, signal: context.signal, changed })
  }
}

async function live(context: CliContext, options: TopCommandOptions) {
  const [{ attach }, { Live }] = await Promise.all([import('../top/attach.ts'), import('../top/live.ts')])
  let before: InstanceType<typeof Live> | undefined
  return async (changed: () => void) => {
    if (before) await sleep(pause)
    const source = await attach(context, options)
    // What was done stays to be seen when a controller ends, and when one begins.
    before = source && new Live(source, changed, before?.model)
    return before
  }
}
