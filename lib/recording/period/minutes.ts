/** What went worst in one minute. */
export interface Minute {
  /** Milliseconds since the epoch at its beginning. */
  readonly wallTime: number
  /** The lowest score of any guest in it, and whose and of what that is. NaN: none is known. */
  readonly lowestScore: number
  readonly scoreOf: string
  /** The longest part of an interval that a vCPU waited, and which one. */
  readonly longestDelay: number
  readonly delayOf: string
  /** Changes that were made in it. */
  readonly changes: number
}

const length = 60_000

/** The minutes of a period. */
export class Minutes {
  readonly #minutes = new Map<number, { -readonly [K in keyof Minute]: Minute[K] }>()

  score(wallTime: number, points: number, of: string): void {
    const minute = this.#at(wallTime)
    if (minute.lowestScore <= points) return
    minute.lowestScore = points
    minute.scoreOf = of
  }

  delay(wallTime: number, part: number, of: string): void {
    const minute = this.#at(wallTime)
    if (minute.longestDelay >= part) return
    minute.longestDelay = part
    minute.delayOf = of
  }

  /** There was a tick. */
  tick(wallTime: number): void {
    this.#at(wallTime)
  }

  change(wallTime: number): void {
    this.#at(wallTime).changes++
  }

  /** How many there are, and in how many of them some score was below `points`. */
  get count(): number {
    return this.#minutes.size
  }

  below(points: number): number {
    return [...this.#minutes.values()].filter(({ lowestScore }) => lowestScore < points).length
  }

  /**
   * The minutes with the lowest scores, the worst first; of equal ones that with the longer wait. Those in which nobody lacked
   * anything, nor waited, are no worst ones.
   */
  worst(most: number): Minute[] {
    const scoreOf = ({ lowestScore }: Minute) => (Number.isNaN(lowestScore) ? 100 : lowestScore)
    const delayOf = ({ longestDelay }: Minute) => (Number.isNaN(longestDelay) ? 0 : longestDelay)
    return [...this.#minutes.values()]
      .filter((minute) => scoreOf(minute) < 100 || delayOf(minute) > leastDelay)
      .sort((a, b) => scoreOf(a) - scoreOf(b) || delayOf(b) - delayOf(a) || a.wallTime - b.wallTime)
      .slice(0, most)
  }

  #at(wallTime: number) {
    const number = Math.floor(wallTime / length)
    let minute = this.#minutes.get(number)
    if (!minute) {
      minute = {
        wallTime: number * length,
        lowestScore: Number.NaN,
        scoreOf: '',
        longestDelay: Number.NaN,
        delayOf: '',
        changes: 0,
      }
      this.#minutes.set(number, minute)
    }
    return minute
  }
}

/** Part of an interval that a vCPU waits now and then on any host. */
const leastDelay = 0.02
