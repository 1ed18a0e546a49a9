import type { Clock } from '../host/host.ts'
import type { SampleTiming } from './sampling.ts'
import type { TickStep, TickTiming } from './tick.ts'

/** Times the steps of one tick by name, on the host's clock. */
export class StepTimer {
  readonly #clock: Clock
  readonly #begun: number
  readonly #steps: Record<TickStep, number>

  /** For a tick whose samples have been taken. */
  constructor(clock: Clock, { begun, sampled }: SampleTiming) {
    this.#clock = clock
    this.#begun = begun
    this.#steps = { sample: sampled - begun, observe: 0, decide: 0, guard: 0, actuate: 0, followUp: 0 }
  }

  /** Runs one step, or a part of it. */
  time<T>(step: TickStep, run: () => T): T {
    const begun = this.#clock.now()
    const result = run()
    this.#steps[step] += this.#clock.now() - begun
    return result
  }

  /** Runs one step that takes time of others. */
  async timeAsync<T>(step: TickStep, run: () => Promise<T>): Promise<T> {
    const begun = this.#clock.now()
    const result = await run()
    this.#steps[step] = this.#clock.now() - begun
    return result
  }

  /** What each step took, and all since the tick began. */
  timing(): Omit<TickTiming, 'period'> {
    return { ...this.#steps, total: this.#clock.now() - this.#begun }
  }
}
