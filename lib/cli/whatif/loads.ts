import { stat } from 'node:fs/promises'
import { isWhole, type RecordedConfiguration, toldIn } from '../../recording/configuration.ts'
import { readRecordings } from '../../recording/read-recording.ts'
import { recordingSuffix } from '../../recording/recording-files.ts'
import { timeText } from '../../recording/text.ts'
import { type FitOptions, fitRecording, TooShort } from '../../whatif/fit.ts'
import type { FiguresRecord } from '../../whatif/host-figures.ts'
import type { FittedLoad } from '../../whatif/load.ts'
import { readScenarioFile } from '../../whatif/scenario-file.ts'
import type { CliContext } from '../context.ts'
import { defaultRecordings, logProblems } from '../recording/options.ts'

/** A load that a command is asked about, and where it comes from. */
export interface AskedLoad {
  /** For people: `qemu:///system, from 2026-11-28 23:30:12`. */
  readonly name: string
  readonly load: FittedLoad
  /** Undefined: it is a scenario, and nothing was measured. */
  readonly recorded: FiguresRecord | undefined
  /** Undefined: of a scenario, or where a script recorded and does not say it. */
  readonly configuration: RecordedConfiguration | undefined
}

/**
 * With what a load was recorded, to be done in earnest even if it was a dry run then; without any policy where that is not
 * known.
 */
export function inEarnest({ configuration, load }: AskedLoad): RecordedConfiguration {
  const { loop, policies } = configuration ?? { loop: { interval: load.interval }, policies: {} }
  const { dryRun: _, statsPeriod: __, ...rest } = loop
  return { loop: rest, policies }
}

/**
 * The loads at `path`: each of the recordings in a directory, or one of a file, fitted; or a scenario. Default: the recordings in
 * the state directory. Rejects with `ERR_RECORDING` or `ERR_SCENARIO`.
 */
export async function* loadsAt(
  context: CliContext,
  path: string | undefined,
  options: FitOptions,
): AsyncGenerator<AskedLoad, void, undefined> {
  const place = path ?? defaultRecordings(context)
  if (!place.endsWith(recordingSuffix) && (await isFile(place))) {
    yield {
      name: place,
      load: await readScenarioFile(place),
      recorded: undefined,
      configuration: undefined,
    }
    return
  }
  let outside: unknown
  let found = false
  for (const recording of await readRecordings(place)) {
    const fitted = await fitRecording(recording.entries, options).catch((error: unknown) => {
      // Others may be of the time that is asked for.
      if (!(error instanceof TooShort)) throw error
      outside ??= error
    })
    logProblems(context, recording)
    if (!fitted) continue
    found = true
    const { load, figures, run } = fitted
    const told = run && toldIn(run.configuration)
    yield {
      name: `${recording.header.uri}, from ${timeText(recording.header.wallTime)}`,
      load,
      recorded: figures.record(),
      configuration: told && isWhole(told) ? told : undefined,
    }
  }
  if (!found) throw outside
}

/** Does what takes long; ends quietly when the user wants it to end. */
export async function untilStopped({ signal }: CliContext, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (!signal.aborted) throw error
  }
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile()
  } catch {
    return false
  }
}
