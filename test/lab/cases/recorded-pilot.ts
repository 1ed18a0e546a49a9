import { type AutopilotOptions, autopilot } from '../../../lib/control/autopilot.ts'
import type { Tick } from '../../../lib/control/tick.ts'
import type { Host } from '../../../lib/host/host.ts'
import { TickComparison } from '../../../lib/recording/compare.ts'
import { configurationIn, pilotOf } from '../../../lib/recording/configuration.ts'
import { readRecordings } from '../../../lib/recording/read-recording.ts'
import { Recorder } from '../../../lib/recording/recorder.ts'
import { replay } from '../../../lib/recording/replay.ts'

/** What the cases run; a policy does not know its own name. */
const defaultPolicies = {
  scheduler: { name: 'balance', options: {} },
  ballooning: { name: 'shares', options: {} },
  ksm: { name: 'adaptive', options: {} },
} as const

/** Runs the autopilot and records it in a directory, as `ballast run --record` does; without one just runs it. */
export async function* recordedPilot(
  host: Host,
  options: AutopilotOptions,
  directory: string | undefined,
): AsyncGenerator<Tick, void, undefined> {
  if (directory === undefined) {
    yield* autopilot(host, options)
    return
  }
  const { scheduler, ballooning, ksm, ...loop } = options
  const policies = {
    scheduler: scheduler && defaultPolicies.scheduler,
    ballooning: ballooning && defaultPolicies.ballooning,
    ksm: ksm && defaultPolicies.ksm,
  }
  await using recorder = new Recorder(host, directory)
  yield* recorder.autopilot(options, { loop, policies })
}

/** What a replay of all recordings of a directory came to. */
export interface ReplayFigures {
  readonly ticks: number
  readonly actions: number
  /** Ticks in which the replay decided anything else. */
  readonly ticksDifferent: number
  /** What the first of them differs in. */
  readonly firstDifference: unknown
  readonly problems: readonly string[]
}

/** Decides anew on what was recorded, with the policies that were recorded. */
export async function replayFigures(directory: string): Promise<ReplayFigures> {
  let ticks = 0
  let actions = 0
  let ticksDifferent = 0
  let firstDifference: unknown = null
  const problems: string[] = []
  for (const recording of await readRecordings(directory)) {
    const comparison = new TickComparison()
    for await (const replayed of replay(recording, (run) => pilotOf(configurationIn(run.configuration)))) {
      ticks++
      actions += replayed.recorded?.outcomes.length ?? 0
      const differences = comparison.differences(replayed)
      if (differences.length > 0) ticksDifferent++
      firstDifference ??= differences[0] ?? null
    }
    problems.push(...recording.problems)
  }
  return { ticks, actions, ticksDifferent, firstDifference, problems }
}
