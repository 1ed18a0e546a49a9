import { type Backoff, backoff } from '../../util/backoff.ts'
import type { StepResult } from '../tick/fleet-tick.ts'

/** How long no step is made for balance after a plan that did not help, and after more of them in a row. */
const rests: Backoff = { first: 300_000, longest: 6 * 3_600_000 }

/** Plans in a row that did not help, and the rest after them. */
export class FailedPlans {
  #inRow = 0
  #restUntil = Number.NEGATIVE_INFINITY
  /** Whether a step of the present plan did not help. */
  #isFailed = false

  /** Another plan begins. */
  begin(): void {
    this.#isFailed = false
  }

  /** Steps of one plan are judged side by side: together they are one attempt. */
  judged(verdict: StepResult['verdict'], time: number): void {
    if (verdict === 'helped') {
      if (!this.#isFailed) this.#inRow = 0
      return
    }
    if (!this.#isFailed) this.#inRow++
    this.#isFailed = true
    this.#restUntil = time + backoff(this.#inRow, rests)
  }

  /** Milliseconds for which no step is made for balance; 0 or less: one may be. */
  remainingAt(time: number): number {
    return this.#restUntil - time
  }
}
