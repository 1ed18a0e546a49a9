/** Messages this long ago no longer tell how the clocks stand: the server's may have been set since. */
const span = 60_000

/**
 * The clock of the NATS server, as its messages tell it: each was stamped before it came here, the fastest the least
 * long before. So no host's own clock has to be right.
 */
export class BusClock {
  readonly #now: () => number
  /** Least difference of our monotonic clock and the server's, in this span and in the one before. */
  #offset = Number.POSITIVE_INFINITY
  #before = Number.POSITIVE_INFINITY
  #since = Number.NEGATIVE_INFINITY

  /** `now`: milliseconds of a monotonic clock. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  /** Takes in that something of just now bears this time of the server, in milliseconds since the epoch. */
  observe(time: number): void {
    const now = this.#now()
    if (now - this.#since >= span) {
      this.#before = now - this.#since >= 2 * span ? Number.POSITIVE_INFINITY : this.#offset
      this.#offset = Number.POSITIVE_INFINITY
      this.#since = now
    }
    this.#offset = Math.min(this.#offset, now - time)
  }

  /** Milliseconds since `time` by the server's clock; 0 before anything was observed. */
  age(time: number): number {
    const offset = Math.min(this.#offset, this.#before)
    return Number.isFinite(offset) ? Math.max(0, this.#now() - offset - time) : 0
  }
}
