import { negligible } from './task-record.ts'

/** A task under a quota, by its row, which changes when rows are freed. */
export interface Limited {
  readonly row: number
}

/**
 * A quota as the kernel's CFS bandwidth control has it: the tasks under it run for `quota` milliseconds in each period,
 * together; from then on they are held back until the next one begins. What is left of a period is not carried over.
 */
export class Bandwidth {
  readonly tasks = new Set<Limited>()
  readonly #quota: number
  readonly #period: number
  #left: number
  #nextPeriod: number

  /** `quota` milliseconds in each `period` milliseconds, of which the first ends at `firstEnd`. */
  constructor(quota: number, period: number, firstEnd: number) {
    this.#quota = quota
    this.#period = period
    this.#left = quota
    this.#nextPeriod = firstEnd
  }

  /** Milliseconds that are left of this period. */
  get left(): number {
    return this.#left
  }

  get isExhausted(): boolean {
    return this.#left < negligible
  }

  charge(milliseconds: number): void {
    this.#left -= milliseconds
  }

  /** Begins the next period when it is time. Says whether tasks may go on that could not before. */
  refill(time: number): boolean {
    if (time < this.#nextPeriod) return false
    while (this.#nextPeriod <= time) this.#nextPeriod += this.#period
    const wasExhausted = this.isExhausted
    this.#left = this.#quota
    return wasExhausted
  }
}
