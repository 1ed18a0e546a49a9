import type { AutopilotOptions } from '../control/autopilot.ts'
import type { Tick } from '../control/tick.ts'
import type { Host } from '../host/host.ts'
import { type Entry, lineOf, type Tape } from './entries.ts'
import { record } from './record.ts'
import { RecordingHost } from './recording-host.ts'

/** A tape in parts, each of which can be read without those before it. */
export interface LastingTape extends Tape {
  /** `line`: the entry as a line, where somebody has made it already. */
  write(entry: Entry, line?: string): void
  /** Sets what later parts begin with. */
  beginWith(beginning: () => readonly Entry[]): void
  /**
   * To be called between two ticks: begins the next part when it is time to. Samples are whole from there on, which within
   * a tick they are not.
   */
  rotate(): void
}

/** Records the loops that are run on a host, on tapes. Disposing of it ends that; the host stays open. */
export class LoopRecorder implements AsyncDisposable {
  readonly #host: RecordingHost
  readonly #tapes: readonly LastingTape[]

  constructor(host: Host, tapes: readonly LastingTape[]) {
    this.#tapes = tapes
    this.#host = new RecordingHost(host, {
      write: (entry) => {
        // Made once: the samples of a thousand guests take milliseconds.
        const line = lineOf(entry)
        for (const tape of tapes) tape.write(entry, line)
      },
    })
    for (const tape of tapes) tape.beginWith(() => this.#host.beginning())
  }

  /** Runs the autopilot on the host; `configuration`, data that JSON has words for, is recorded beside it. */
  async *autopilot(options: AutopilotOptions, configuration: unknown): AsyncGenerator<Tick, void, undefined> {
    for await (const tick of record(this.#host, options, configuration)) {
      yield tick
      for (const tape of this.#tapes) tape.rotate()
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#host.close()
  }
}
