/**
 * Milliseconds for which a domain that has just appeared may look busy without that being load: twice what four guests
 * that start together take until they answer. Very many together take longer; what they do then counts.
 */
export const bootGrace = 30_000
/** A vCPU that wants no more than this is done with starting. Fraction of a pCPU. */
const bootsAbove = 0.75

/**
 * Whether a domain is still starting: for its first seconds a guest looks 100 % busy, whatever it does later. It is done
 * at the second sample in a row in which none of its vCPUs is that busy (the first may be part of it still), or after
 * {@link bootGrace}. One that was there
 * before the first sample is not starting: how long it has run is unknown.
 */
export class Boot {
  readonly #until: number
  #isDone = false
  #wasQuiet = false

  /** `appeared`: monotonic milliseconds; undefined for one that was there before. */
  constructor(appeared: number | undefined) {
    this.#until = (appeared ?? Number.NEGATIVE_INFINITY) + bootGrace
  }

  /** Whether it is done with starting, for good: then samples need no longer be taken in. */
  get isDone(): boolean {
    return this.#isDone
  }

  /** Takes in a sample at `time`: what the busiest vCPU seems to want, NaN if that is not known. */
  isBooting(time: number, busiest: number): boolean {
    const isQuiet = busiest <= bootsAbove
    if (time >= this.#until || (isQuiet && this.#wasQuiet)) this.#isDone = true
    this.#wasQuiet = isQuiet
    return !this.#isDone
  }
}
