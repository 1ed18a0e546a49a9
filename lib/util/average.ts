/** The average of something that is not always known, by weight: of a time, its length. */
export class Average {
  #sum = 0
  #weight = 0

  add(value: number | undefined, weight: number): void {
    if (value === undefined || Number.isNaN(value) || !(weight > 0)) return
    this.#sum += value * weight
    this.#weight += weight
  }

  /** NaN: it was never known. */
  get value(): number {
    return this.#weight > 0 ? this.#sum / this.#weight : Number.NaN
  }
}
