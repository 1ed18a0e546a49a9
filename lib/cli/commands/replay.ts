import { Command } from 'commander'
import type { Tick } from '../../control/tick.ts'
import { type Difference, isDecision, TickComparison } from '../../recording/compare.ts'
import { configurationIn, pilotOf, toldIn } from '../../recording/configuration.ts'
import type { RunEntry } from '../../recording/entries.ts'
import type { StoredRecording } from '../../recording/read-recording.ts'
import { type Replayed, replay } from '../../recording/replay.ts'
import { actionText, timeText } from '../../recording/text.ts'
import type { ErrorRecord } from '../../report/tick-decisions.ts'
import { counted } from '../../util/format.ts'
import { printable, printableJson } from '../../util/printable.ts'
import { type CliContext, writeLines } from '../context.ts'
import { UsageError, WorkFailed } from '../exit-codes.ts'
import { addPolicyOptions, type PolicyNames } from '../options.ts'
import { configuredPilot } from '../recording/configured-pilot.ts'
import {
  isWithin,
  logProblems,
  noTickIn,
  openRecordings,
  type PeriodOptions,
  periodOptions,
  type ReadingOptions,
  recordingOptions,
} from '../recording/options.ts'
import { parseText } from '../values.ts'

type ReplayOptions = ReadingOptions & PolicyNames & PeriodOptions & { readonly config?: string }

/** What a replay of one recording came to. */
interface Result {
  readonly ticks: number
  /** Ticks with another decision, and those in which nothing but an error of the run is another. */
  readonly different: number
  readonly otherErrors: number
  /** Changes that were decided on. */
  readonly actions: { readonly recorded: number; readonly replayed: number }
  /** Milliseconds that were recorded, and that the replay took. */
  readonly recordedTime: number
  readonly replayTime: number
}

/** `ballast replay` */
export function replayCommand(context: CliContext): Command {
  const command = addPolicyOptions(recordingOptions(new Command('replay')), {
    scheduler: 'as recorded',
    ballooning: 'as recorded',
    ksm: 'as recorded',
  })
  return periodOptions(command)
    .option(
      '--config <file>',
      'decide with the policies and limits of this configuration file, at the recorded interval',
      parseText('--config'),
    )
    .summary('decide anew on a recording, and show what is different')
    .description(
      'Has the loop decide anew on what was recorded, and compares each tick with the one that was recorded. With the ' +
        'policies of then every decision is the same. With another policy it shows what that would have decided in each ' +
        'moment, seeing what was seen under the policies of then. No host is connected to.',
    )
    .addHelpText(
      'after',
      `
Examples:
  ballast replay --recording /var/lib/ballast/recordings      the same decisions?
  ballast replay --scheduler lpt                              what another scheduler would have decided
  ballast replay --config new.yaml --from 14:00 --to 15:00    what a configuration would, in one hour

Ends with 1 when the policies are as recorded and a decision is another.`,
    )
    .action((options: ReplayOptions) => run(context, options))
}

async function run(context: CliContext, options: ReplayOptions): Promise<void> {
  const { scheduler, ballooning, ksm, config } = options
  const policies = [scheduler, ballooning, ksm].filter((name) => name !== undefined)
  if (config !== undefined && policies.length > 0) {
    throw new UsageError('give --config or policies, not both: the file names its own')
  }
  const configured = config === undefined ? undefined : await configuredPilot(config)
  const pilotFor = (plain: RunEntry['run']['configuration']): Pilot => {
    const told = toldIn(plain)
    if (configured) {
      // Samples come when they came, and what was a dry run got no answers.
      const { interval = configured.interval, dryRun, statsPeriod } = told.loop ?? {}
      return { ...configured, interval, dryRun, statsPeriod }
    }
    if (policies.length > 0 && told.loop) {
      return pilotOf({ loop: told.loop, policies: told.policies ?? {} }, options)
    }
    return pilotOf(configurationIn(plain), options)
  }
  const results: Result[] = []
  const recordings = await openRecordings(context, options)
  for (const recording of recordings) {
    const result = await replayOne(context, recording, options, pilotFor)
    logProblems(context, recording)
    results.push(result)
    writeLines(
      context,
      [options.json ? JSON.stringify(result) : resultText(recording, result)].map(printable),
    )
  }
  if (results.every(({ ticks }) => ticks === 0)) {
    throw noTickIn(recordings, options)
  }
  const different = results.reduce((sum, result) => sum + result.different, 0)
  if (policies.length === 0 && !configured && different > 0) {
    throw new WorkFailed(`${counted(different, 'tick')} decided otherwise than recorded`)
  }
}

type Pilot = ReturnType<typeof pilotOf>

/** Replays all of a recording, since each decision builds on those before, and compares the part that is asked for. */
async function replayOne(
  context: CliContext,
  recording: StoredRecording,
  options: ReplayOptions,
  pilotFor: (configuration: RunEntry['run']['configuration']) => Pilot,
): Promise<Result> {
  const begun = performance.now()
  const comparison = new TickComparison()
  const actions = { recorded: 0, replayed: 0 }
  let ticks = 0
  let different = 0
  let otherErrors = 0
  let first: number | undefined
  let last = 0
  /** A tick that was not recorded: the last one, whose recording broke off, is no difference. */
  let unrecorded: Replayed | undefined
  const compare = (replayed: Replayed) => {
    const { tick, recorded } = replayed
    // Also of what is not asked for: a tick builds on the one before.
    const differences = comparison.differences(replayed)
    if (!isWithin(tick.wallTime, options)) return
    ticks++
    first ??= tick.wallTime
    last = tick.wallTime
    actions.recorded += recorded?.outcomes.length ?? 0
    actions.replayed += tick.plan.length
    if (differences.length === 0) return
    if (differences.some(isDecision)) different++
    else otherErrors++
    writeLines(context, [
      options.json ? differenceJson(tick, differences) : differenceText(replayed, differences),
    ])
  }
  const pilot = (run: RunEntry['run']) => pilotFor(run.configuration)
  for await (const replayed of replay(recording, pilot)) {
    if (unrecorded) compare(unrecorded)
    unrecorded = replayed.recorded ? undefined : replayed
    if (replayed.tick.wallTime > (options.to ?? Number.POSITIVE_INFINITY)) break
    if (replayed.recorded) compare(replayed)
  }
  return {
    ticks,
    different,
    otherErrors,
    actions,
    recordedTime: first === undefined ? 0 : last - first,
    replayTime: performance.now() - begun,
  }
}

function differenceJson({ index, wallTime }: Tick, differences: readonly Difference[]): string {
  return printableJson(JSON.stringify({ tick: index, wallTime, differences }))
}

function differenceText({ tick, recorded }: Replayed, differences: readonly Difference[]): string {
  const decided = differences.filter(({ what }) => what !== 'errors').map(({ what }) => what)
  const errors = differences.find(({ what }) => what === 'errors')
  const then =
    recorded?.plan.map((action) => `${action.domain} ${actionText(action)}`).join(', ') || 'nothing'
  const now = tick.plan.length === 0 ? 'nothing' : tick.summary
  const parts = [
    ...(decided.length > 0 ? [`${decided.join(', ')} differ; recorded: ${then}; now: ${now}`] : []),
    ...(errors
      ? [`errors differ; recorded: ${errorsText(errors.recorded)}; now: ${errorsText(errors.replayed)}`]
      : []),
  ]
  return printable(`${timeText(tick.wallTime)}  tick ${tick.index}: ${parts.join('; ')}`)
}

function errorsText(errors: unknown): string {
  return (
    (errors as readonly ErrorRecord[]).map(({ code, message }) => `${code}: ${message}`).join(', ') || 'none'
  )
}

function resultText(
  { header }: StoredRecording,
  { ticks, different, otherErrors, actions, recordedTime, replayTime }: Result,
): string {
  const speed = replayTime > 0 ? Math.round(recordedTime / replayTime) : 0
  if (ticks === 0) return `${header.uri}, from ${timeText(header.wallTime)}: no tick in it`
  const decisions = different === 0 ? 'every decision is the same' : `${counted(different, 'tick')} differ`
  const errors = otherErrors === 0 ? '' : `, other errors in ${counted(otherErrors, 'tick')}`
  return (
    `${header.uri}, from ${timeText(header.wallTime)}: ${counted(ticks, 'tick')}, ${decisions}${errors}; ` +
    `${counted(actions.recorded, 'action')} recorded, ${actions.replayed} now; ${speed} times as fast as it was recorded`
  )
}
