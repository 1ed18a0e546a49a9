import { Command } from 'commander'
import { TickComparison } from '../../recording/compare.ts'
import type { StoredRecording } from '../../recording/read-recording.ts'
import { replay } from '../../recording/replay.ts'
import { counted } from '../../util/format.ts'
import { printable, printableJson } from '../../util/printable.ts'
import { type CliContext, writeLines } from '../context.ts'
import { WorkFailed } from '../exit-codes.ts'
import { addPolicyOptions, type PolicyNames } from '../options.ts'
import { configurationIn, pilotOf } from '../recording/configuration.ts'
import { logProblems, openRecordings, type ReadingOptions, recordingOptions } from '../recording/options.ts'
import { actionText, timeText } from '../recording/text.ts'

type ReplayOptions = ReadingOptions & PolicyNames

/** What a replay of one recording came to. */
interface Result {
  readonly ticks: number
  /** Ticks with a difference. */
  readonly different: number
  /** Changes that were decided on. */
  readonly actions: { readonly recorded: number; readonly replayed: number }
  /** Milliseconds that were recorded, and that the replay took. */
  readonly recordedTime: number
  readonly replayTime: number
}

/** `ballast replay` */
export function replayCommand(context: CliContext): Command {
  return addPolicyOptions(recordingOptions(new Command('replay')), {
    scheduler: 'as recorded',
    ballooning: 'as recorded',
    ksm: 'as recorded',
  })
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

Ends with 1 when the policies are as recorded and a decision is another.`,
    )
    .action((options: ReplayOptions) => run(context, options))
}

async function run(context: CliContext, options: ReplayOptions): Promise<void> {
  const { scheduler, ballooning, ksm } = options
  const isAsRecorded = [scheduler, ballooning, ksm].every((name) => name === undefined)
  let different = 0
  for (const recording of await openRecordings(context, options)) {
    const result = await replayOne(context, recording, options)
    logProblems(context, recording)
    different += result.different
    writeLines(
      context,
      [options.json ? JSON.stringify(result) : resultText(recording, result)].map(printable),
    )
  }
  if (isAsRecorded && different > 0) {
    throw new WorkFailed(`${counted(different, 'tick')} decided otherwise than recorded`)
  }
}

async function replayOne(
  context: CliContext,
  recording: StoredRecording,
  options: ReplayOptions,
): Promise<Result> {
  const begun = performance.now()
  const comparison = new TickComparison()
  const actions = { recorded: 0, replayed: 0 }
  let ticks = 0
  let different = 0
  let first: number | undefined
  let last = 0
  const pilot = (run: { readonly configuration: Parameters<typeof configurationIn>[0] }) =>
    pilotOf(configurationIn(run.configuration), options)
  for await (const replayed of replay(recording, pilot)) {
    const { tick, recorded } = replayed
    ticks++
    first ??= tick.wallTime
    last = tick.wallTime
    actions.recorded += recorded?.outcomes.length ?? 0
    actions.replayed += tick.plan.length
    const differences = comparison.differences(replayed)
    if (differences.length === 0) continue
    different++
    const { index, wallTime } = tick
    const planned = (plan: typeof tick.plan | NonNullable<typeof recorded>['plan'] | undefined) =>
      plan?.length ?? 0
    writeLines(context, [
      options.json
        ? printableJson(JSON.stringify({ tick: index, wallTime, differences }))
        : printable(
            `${timeText(wallTime)}  tick ${index}: ${differences.map(({ what }) => what).join(', ')} differ; ` +
              `recorded: ${recorded?.plan.map((action) => `${action.domain} ${actionText(action)}`).join(', ') || 'nothing'}; ` +
              `now: ${planned(tick.plan) === 0 ? 'nothing' : tick.summary}`,
          ),
    ])
  }
  return {
    ticks,
    different,
    actions,
    recordedTime: first === undefined ? 0 : last - first,
    replayTime: performance.now() - begun,
  }
}

function resultText(
  { header }: StoredRecording,
  { ticks, different, actions, recordedTime, replayTime }: Result,
): string {
  const speed = replayTime > 0 ? Math.round(recordedTime / replayTime) : 0
  const decisions = different === 0 ? 'every decision is the same' : `${counted(different, 'tick')} differ`
  return (
    `${header.uri}, from ${timeText(header.wallTime)}: ${counted(ticks, 'tick')}, ${decisions}; ` +
    `${counted(actions.recorded, 'action')} recorded, ${actions.replayed} now; ${speed} times as fast as it was recorded`
  )
}
