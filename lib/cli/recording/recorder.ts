import { resolve } from 'node:path'
import type { AutopilotOptions } from '../../control/autopilot.ts'
import type { Tick } from '../../control/tick.ts'
import type { Host } from '../../host/host.ts'
import { realClock } from '../../libvirt/real-clock.ts'
import { record } from '../../recording/record.ts'
import { RecordingFiles } from '../../recording/recording-files.ts'
import { RecordingHost } from '../../recording/recording-host.ts'
import { withTimeout } from '../../util/timeout.ts'
import { withoutPassword } from '../../util/uri.ts'
import { type CliContext, logNotice } from '../context.ts'
import { version } from '../version.ts'
import type { RecordedConfiguration } from './configuration.ts'

/** Milliseconds that the end of a command waits for the last entries to be written. */
const closeTimeout = 500

/** Records the loops that are run on a host. */
export interface Recorder extends AsyncDisposable {
  /** Runs the autopilot, with a recording. */
  run(configuration: RecordedConfiguration): (host: Host, options: AutopilotOptions) => AsyncGenerator<Tick>
}

/** Begins a recording of `host` in a directory. What goes wrong with it is said once, and costs nothing else. */
export function openRecorder(context: CliContext, host: Host, directory: string): Recorder {
  const path = resolve(directory)
  const origin = {
    versions: { ballast: version(), node: process.version },
    uri: withoutPassword(host.uri),
    readOnly: host.readOnly,
  }
  const files = new RecordingFiles(path, origin, {
    report: (problem) => {
      if (problem === undefined) logNotice(context, `recording to ${path} again`)
      else logNotice(context, `cannot record to ${path}: ${problem}`, { event: 'recording', level: 'warn' })
    },
  })
  const recorded = new RecordingHost(host, files)
  files.beginWith(() => recorded.beginning())
  return {
    run: (configuration) =>
      async function* run(_host, options) {
        for await (const tick of record(recorded, options, configuration)) {
          yield tick
          files.rotate()
        }
      },
    async [Symbol.asyncDispose]() {
      await recorded.close()
      // A disk that hangs costs the last entries, and not the end of the process.
      await withTimeout(realClock, closeTimeout, files[Symbol.asyncDispose]())
    },
  }
}
