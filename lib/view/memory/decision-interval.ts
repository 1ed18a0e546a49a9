/** How many are kept. */
const remembered = 4

/**
 * The time between decisions: the longest of the last few intervals. Emergency ticks make single intervals short, which
 * does not mean that the next decision comes as soon.
 */
export class Intervals {
  readonly #last: number[] = []

  /** Takes in the newest interval (milliseconds), undefined where there is none; undefined before the first. */
  next(interval: number | undefined): number | undefined {
    if (interval !== undefined) this.#last.push(interval)
    if (this.#last.length > remembered) this.#last.shift()
    return this.#last.length > 0 ? Math.max(...this.#last) : undefined
  }
}
