import { MiB } from '../host/units.ts'
import { sameSize } from './guest-total.ts'
import type { BalloonProgress } from './view.ts'

/** A balloon that comes less than so many bytes closer in so many milliseconds refuses. */
const leastProgress = 8 * MiB
const patience = 10_000

/** Follows whether one balloon does what it was asked. Times are monotonic milliseconds, sizes bytes. */
export class BalloonWatch {
  #direction = 0
  #from = Number.NaN
  #since = Number.NaN
  #time = Number.NaN

  /** Takes in a balloon's size and what it was asked for at `time`; `canMove`: whether its guest runs and answers. */
  see(actual: number, target: number | undefined, time: number, canMove: boolean): void {
    const distance = (target ?? actual) - actual
    const direction = Math.abs(distance) < sameSize ? 0 : Math.sign(distance)
    const progress = direction * (actual - this.#from)
    this.#time = time
    if (!canMove || direction !== this.#direction || progress >= leastProgress) {
      this.#direction = direction
      this.#from = actual
      this.#since = time
    }
  }

  get progress(): BalloonProgress {
    if (this.#direction === 0) return 'resting'
    return this.#time - this.#since >= patience ? 'refusing' : 'following'
  }

  /** Since when it has not come closer; undefined while it has nothing to do. */
  get stillSince(): number | undefined {
    return this.#direction === 0 ? undefined : this.#since
  }
}
