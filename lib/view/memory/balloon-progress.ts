import { MiB } from '../../util/units.ts'
import type { BalloonProgress } from '../view.ts'
import { negligible } from './sizes.ts'

/**
 * A balloon that comes less than `leastProgress` bytes closer in `patience` milliseconds refuses. The slowest that works,
 * in a guest that has to swap, moves by 30 MiB each second.
 */
const leastProgress = 8 * MiB
const patience = 10_000

/** A balloon's size at some time. */
interface Point {
  readonly time: number
  readonly actual: number
}

/** Follows whether one balloon does what it was asked. Times are monotonic milliseconds, sizes bytes. */
export class BalloonWatch {
  /** Where it was asked to go from its present size: -1, 0 or 1. */
  #direction = 0
  /** Sizes of the last seconds, the first as old as {@link patience} where it was asked as long ago. */
  #points: Point[] = []
  /** When it last came closer. */
  #closer: Point | undefined

  /** Takes in a balloon's size and what it was asked for at `time`; `canMove`: whether its guest runs and answers. */
  see(actual: number, target: number | undefined, time: number, canMove: boolean): void {
    const distance = (target ?? actual) - actual
    const direction = Math.abs(distance) < negligible ? 0 : Math.sign(distance)
    if (canMove && direction === 0 && this.#direction === 0) return
    const point = { time, actual }
    if (!canMove || direction !== this.#direction) {
      this.#direction = direction
      this.#points = []
      this.#closer = point
    }
    if (direction === 0) return
    this.#points.push(point)
    while (this.#points.length > 1 && this.#points[1]!.time <= time - patience) this.#points.shift()
    if (direction * (actual - this.#closer!.actual) >= negligible) this.#closer = point
  }

  get progress(): BalloonProgress {
    if (this.#direction === 0) return 'resting'
    const first = this.#points[0]!
    const last = this.#points.at(-1)!
    const isPatient = last.time - first.time < patience
    return isPatient || this.#direction * (last.actual - first.actual) >= leastProgress
      ? 'following'
      : 'refusing'
  }

  /** Since when it has not come closer; undefined while it has nothing to do. */
  get stillSince(): number | undefined {
    return this.#direction === 0 ? undefined : this.#closer?.time
  }
}
