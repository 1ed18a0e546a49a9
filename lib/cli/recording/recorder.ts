import { resolve } from 'node:path'
import type { AutopilotOptions } from '../../control/autopilot.ts'
import type { Tick } from '../../control/tick.ts'
import type { Host } from '../../host/host.ts'
import { realClock } from '../../libvirt/real-clock.ts'
import type { RecordedConfiguration } from '../../recording/configuration.ts'
import { type LastingTape, LoopRecorder } from '../../recording/loop-recorder.ts'
import { recordingFilesOf } from '../../recording/recorder.ts'
import type { RecordingFiles } from '../../recording/recording-files.ts'
import { withTimeout } from '../../util/timeout.ts'
import { type CliContext, logNotice } from '../context.ts'
import { version } from '../version.ts'

/** Milliseconds that the end of a command waits for the last entries to be written. */
const closeTimeout = 500

/** Records the loops that a command runs on its host. */
export interface CommandRecorder extends AsyncDisposable {
  /** Runs the autopilot, with a recording. */
  run(configuration: RecordedConfiguration): (host: Host, options: AutopilotOptions) => AsyncGenerator<Tick>
}

/** Where the loops of a command are recorded. */
export interface RecordingPlaces {
  /** Undefined: in no files. */
  readonly directory: string | undefined
  /** Undefined: nowhere else. */
  readonly beside?: LastingTape | undefined
}

/** Begins a recording of `host`. What goes wrong with files is logged once, and costs nothing else. */
export function openRecorder(
  context: CliContext,
  host: Host,
  { directory, beside }: RecordingPlaces,
): CommandRecorder {
  const files = directory === undefined ? undefined : openFiles(context, host, resolve(directory))
  const recorder = new LoopRecorder(
    host,
    [files, beside].filter((tape) => tape !== undefined),
  )
  return {
    run: (configuration) => (_host, options) => recorder.autopilot(options, configuration),
    async [Symbol.asyncDispose]() {
      await recorder[Symbol.asyncDispose]()
      // A disk that hangs costs the last entries, and not the end of the process.
      if (files) await withTimeout(realClock, closeTimeout, files[Symbol.asyncDispose]())
    },
  }
}

function openFiles(context: CliContext, host: Host, path: string): RecordingFiles {
  logNotice(context, `recording to ${path}`, { event: 'recording', level: 'info' })
  return recordingFilesOf(host, path, {
    version: version(),
    report: (problem) => {
      if (problem === undefined) logNotice(context, `recording to ${path} again`)
      else logNotice(context, `cannot record to ${path}: ${problem}`, { event: 'recording', level: 'warn' })
    },
  })
}
