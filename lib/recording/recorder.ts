import type { AutopilotOptions } from '../control/autopilot.ts'
import type { Tick } from '../control/tick.ts'
import { assertHost } from '../host/assert-host.ts'
import type { Host } from '../host/host.ts'
import { withoutPassword } from '../util/uri.ts'
import { LoopRecorder } from './loop-recorder.ts'
import { RecordingFiles, type RecordingOptions } from './recording-files.ts'

export interface RecorderOptions extends RecordingOptions {
  /** Version of the program that records, for the first line of each file. Default: not known. */
  readonly version?: string | undefined
}

/**
 * Records the loops that are run on a host in files of a directory, as `ballast run --record` does. What goes wrong with
 * the files is told to `report` once, and costs the control nothing. Disposing of it writes the last entries; the host stays
 * open.
 */
export class Recorder implements AsyncDisposable {
  readonly #loops: LoopRecorder
  readonly #files: RecordingFiles

  constructor(host: Host, directory: string, options: RecorderOptions = {}) {
    assertHost(host)
    this.#files = recordingFilesOf(host, directory, options)
    this.#loops = new LoopRecorder(host, [this.#files])
  }

  /**
   * Runs the autopilot on the host, with a recording. `configuration`, data that JSON has words for, is handed to the
   * replay, which makes the same options from it. As `{ loop, policies: { scheduler: { name, options }, … } }` it is
   * understood by the commands, too. Default: `loop` alone, the options but for the policies, which are functions.
   */
  autopilot(
    options: AutopilotOptions,
    configuration: unknown = { loop: dataOf(options) },
  ): AsyncGenerator<Tick, void, undefined> {
    return this.#loops.autopilot(options, configuration)
  }

  /** Has what was recorded so far written, which it is every few seconds anyway. */
  flush(): void {
    this.#files.flush()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#loops[Symbol.asyncDispose]()
    await this.#files[Symbol.asyncDispose]()
  }
}

/** Those of the options that a recording can hold, and that are not about when the loop ends. */
function dataOf(options: AutopilotOptions): Partial<AutopilotOptions> {
  const {
    scheduler: _,
    ballooning: __,
    ksm: ___,
    journal: ____,
    signal: _____,
    ticks: ______,
    ...data
  } = options
  return data
}

/** Files in a directory, for a recording of this host. */
export function recordingFilesOf(
  { uri, readOnly }: Host,
  directory: string,
  { version = 'unknown', ...options }: RecorderOptions,
): RecordingFiles {
  const versions = { ballast: version, node: process.version }
  return new RecordingFiles(directory, { versions, uri: withoutPassword(uri), readOnly }, options)
}
