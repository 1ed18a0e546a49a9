import { resolve } from 'node:path'
import type { AutopilotOptions } from '../../control/autopilot.ts'
import type { Tick } from '../../control/tick.ts'
import type { Host } from '../../host/host.ts'
import { realClock } from '../../libvirt/real-clock.ts'
import type { RecordedConfiguration } from '../../recording/configuration.ts'
import { Recorder } from '../../recording/recorder.ts'
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

/** Begins a recording of `host` in a directory. What goes wrong with it is logged once, and costs nothing else. */
export function openRecorder(context: CliContext, host: Host, directory: string): CommandRecorder {
  const path = resolve(directory)
  const recorder = new Recorder(host, path, {
    version: version(),
    report: (problem) => {
      if (problem === undefined) logNotice(context, `recording to ${path} again`)
      else logNotice(context, `cannot record to ${path}: ${problem}`, { event: 'recording', level: 'warn' })
    },
  })
  return {
    run: (configuration) => (_host, options) => recorder.autopilot(options, configuration),
    async [Symbol.asyncDispose]() {
      // A disk that hangs costs the last entries, and not the end of the process.
      await withTimeout(realClock, closeTimeout, recorder[Symbol.asyncDispose]())
    },
  }
}
