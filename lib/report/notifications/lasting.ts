import type { Notification } from './notification.ts'

/** What to say of a condition at its beginning or its end. */
export type Said = Omit<Notification, 'state' | 'wallTime'>

/** A condition that is told of once it has lasted, and again at its end. */
export class Lasting {
  readonly #after: number
  #since: number | undefined
  #isTold = false

  /** It counts once it has been so for `after` milliseconds. */
  constructor(after: number) {
    this.#after = after
  }

  /** Whether there is nothing to remember of it. */
  get isOver(): boolean {
    return this.#since === undefined
  }

  /** What is to be told: `begun` and `ended` make the words. */
  next(isSo: boolean, wallTime: number, begun: () => Said, ended: () => Said): Notification[] {
    if (isSo) {
      this.#since ??= wallTime
      if (this.#isTold || wallTime - this.#since < this.#after) return []
      this.#isTold = true
      return [{ ...begun(), state: 'begun', wallTime }]
    }
    const wasTold = this.#isTold
    this.#since = undefined
    this.#isTold = false
    return wasTold ? [{ ...ended(), state: 'ended', wallTime }] : []
  }
}
