import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { until } from './processes.ts'

/** One sample of the child process; times are milliseconds since the epoch. */
export interface ControlSample {
  readonly kind: 'timer' | 'call'
  readonly from: number
  readonly to: number
  /** How late the timer came, or how long the call took. */
  readonly milliseconds: number
}

/** What a process that does next to nothing met with over some time, in milliseconds: the worst of each. */
export interface Control {
  readonly timerLate: number
  readonly call: number
}

/** Samples that are kept, or the later half of them: those of a quarter of an hour, while the longest case takes five minutes. */
const mostSamples = 14_400
/** Milliseconds that the samples up to a moment are waited for: a call may hang until it is given up. */
const patience = 60_000

/**
 * A control measurement beside a case: a process of its own, without Ballast's loop, samples how late its timers come on this
 * machine now and how long a bare call of libvirt takes. Limits of time are stated relative to it, since on a machine
 * that others use as well a constant says more about them than about Ballast.
 */
export class ControlMeasurement implements AsyncDisposable {
  readonly #child: ChildProcess
  #samples: ControlSample[] = []
  readonly #latest = { timer: 0, call: 0 }
  readonly #closed: Promise<unknown>

  private constructor(uri: string) {
    const program = fileURLToPath(new URL('control-child.ts', import.meta.url))
    this.#child = spawn(process.execPath, ['--import', 'tsx', program, uri], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    this.#closed = once(this.#child, 'close')
    createInterface(this.#child.stdout!).on('line', (line) => {
      const sample = JSON.parse(line) as ControlSample
      this.#samples.push(sample)
      if (this.#samples.length > mostSamples) this.#samples = this.#samples.slice(-mostSamples / 2)
      this.#latest[sample.kind] = sample.to
    })
  }

  /** Starts to sample the domains of `uri`; resolves with the first samples. */
  static async start(uri: string): Promise<ControlMeasurement> {
    const control = new ControlMeasurement(uri)
    try {
      await until('the control measurement has begun', patience, async () => {
        if (control.#child.exitCode !== null) throw new Error('The control measurement ended by itself')
        return control.#latest.timer > 0 && control.#latest.call > 0
      })
      return control
    } catch (error) {
      // Its call may hang as long as the daemon does: it would keep this process alive.
      control.#child.kill('SIGKILL')
      throw error
    }
  }

  /** The worst between two moments, milliseconds since the epoch; waits until all samples up to the second are there. */
  async between(from: number, to: number): Promise<Control> {
    await until('the control measurement has caught up', patience, async () => {
      return Math.min(this.#latest.timer, this.#latest.call) >= to
    })
    return worstOf(this.#samples, from, to)
  }

  /** Milliseconds since the epoch when the first call that began after `from` had succeeded. */
  firstCallAfter(from: number): Promise<number> {
    return until('a bare call succeeds', patience, async () => {
      return this.#samples.find((sample) => sample.kind === 'call' && sample.from >= from)?.to
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.stdin!.end()
    await this.#closed
  }
}

/** The worst of the samples that were under way at some moment between two. */
export function worstOf(samples: readonly ControlSample[], from: number, to: number): Control {
  const worst = (kind: ControlSample['kind']) =>
    samples
      .filter((sample) => sample.kind === kind && sample.from <= to && sample.to >= from)
      .reduce((most, { milliseconds }) => Math.max(most, milliseconds), 0)
  return { timerLate: worst('timer'), call: worst('call') }
}
