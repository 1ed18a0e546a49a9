/** Weight of the newest sample once there are several. */
const weight = 0.2
/** Samples that differ from the level by no more than this, in absolute and in relative terms added, are noise. */
const noise = { floor: 0.03, share: 0.13 }
/** For how many samples the last known level stands in for a missing one. */
const patience = 2

/** How far a single sample may be off a level by noise. */
export function noiseAt(level: number): number {
  return noise.floor + noise.share * level
}

/**
 * The level of a fraction that is sampled, such as one vCPU's demand, without the noise of single samples. Samples
 * near the level are averaged: all with equal weight at first, then exponentially. One sample far off moves the
 * level as little as any other; a second in a row on the same side is a real change, and the level is that sample.
 * So a step is taken up at its second sample, and no single outlier causes a move.
 */
export class LevelFilter {
  // NaN rather than undefined: a field that is always a number costs no memory when it changes.
  #level = Number.NaN
  #samples = 0
  /** Side of the level on which the last sample was far off: -1, 1, or 0 when it was near. */
  #side = 0
  #missing = 0

  /** The level, 0 to 1; NaN when there were no recent samples. */
  get level(): number {
    return this.#level
  }

  /** As if there had been no sample. */
  forget(): void {
    this.#level = Number.NaN
    this.#samples = 0
    this.#side = 0
    this.#missing = 0
  }

  /** Takes one sample, NaN where there is none, and returns the level. */
  next(sample: number): number {
    if (Number.isNaN(sample)) {
      this.#missing++
      if (this.#missing > patience) this.#level = Number.NaN
      return this.#level
    }
    this.#missing = 0
    if (Number.isNaN(this.#level)) return this.#restart(sample)

    const off = sample - this.#level
    const side = Math.abs(off) > noiseAt(this.#level) ? Math.sign(off) : 0
    if (side !== 0 && side === this.#side) return this.#restart(sample)
    this.#side = side
    this.#samples++
    this.#level += off * Math.max(weight, 1 / this.#samples)
    return this.#level
  }

  #restart(sample: number): number {
    this.#level = sample
    this.#samples = 1
    this.#side = 0
    return sample
  }
}
