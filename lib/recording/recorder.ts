import type { AutopilotOptions } from '../control/autopilot.ts'
import type { Tick } from '../control/tick.ts'
import type { Host } from '../host/host.ts'
import { withoutPassword } from '../util/uri.ts'
import { record } from './record.ts'
import { RecordingFiles, type RecordingOptions } from './recording-files.ts'
import { RecordingHost } from './recording-host.ts'

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
  readonly #host: RecordingHost
  readonly #files: RecordingFiles

  constructor(host: Host, directory: string, options: RecorderOptions = {}) {
    const { version = 'unknown', ...files } = options
    const { uri, readOnly } = host
    const origin = {
      versions: { ballast: version, node: process.version },
      uri: withoutPassword(uri),
      readOnly,
    }
    this.#files = new RecordingFiles(directory, origin, files)
    this.#host = new RecordingHost(host, this.#files)
    this.#files.beginWith(() => this.#host.beginning())
  }

  /**
   * Runs the autopilot on the host, with a recording. `configuration`, data that JSON has words for, is handed to the
   * replay, which makes the same options from it.
   */
  async *autopilot(
    options: AutopilotOptions,
    configuration: unknown = {},
  ): AsyncGenerator<Tick, void, undefined> {
    for await (const tick of record(this.#host, options, configuration)) {
      yield tick
      this.#files.rotate()
    }
  }

  /** Has what was recorded so far written, which it is every few seconds anyway. */
  flush(): void {
    this.#files.flush()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#host.close()
    await this.#files[Symbol.asyncDispose]()
  }
}
