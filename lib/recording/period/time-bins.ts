/** One figure over time: of each bin its least, mean and largest value; NaN: nothing is known. */
export class Series {
  readonly least: Float64Array
  readonly most: Float64Array
  readonly #sums: Float64Array
  readonly #counts: Uint32Array

  constructor(capacity: number) {
    this.least = new Float64Array(capacity).fill(Number.NaN)
    this.most = new Float64Array(capacity).fill(Number.NaN)
    this.#sums = new Float64Array(capacity)
    this.#counts = new Uint32Array(capacity)
  }

  /** Takes in a value; one that is not known changes nothing. */
  add(bin: number, value: number | undefined): void {
    if (value === undefined || Number.isNaN(value)) return
    if (!(this.least[bin]! <= value)) this.least[bin] = value
    if (!(this.most[bin]! >= value)) this.most[bin] = value
    this.#sums[bin]! += value
    this.#counts[bin]!++
  }

  mean(bin: number): number {
    return this.#counts[bin]! > 0 ? this.#sums[bin]! / this.#counts[bin]! : Number.NaN
  }

  /** The mean, the least and the largest of all values. */
  total(): { readonly mean: number; readonly least: number; readonly most: number } {
    let [sum, count, least, most] = [0, 0, Number.NaN, Number.NaN]
    for (let bin = 0; bin < this.least.length; bin++) {
      if (this.#counts[bin] === 0) continue
      sum += this.#sums[bin]!
      count += this.#counts[bin]!
      if (!(least <= this.least[bin]!)) least = this.least[bin]!
      if (!(most >= this.most[bin]!)) most = this.most[bin]!
    }
    return { mean: count > 0 ? sum / count : Number.NaN, least, most }
  }

  /** Makes one of each two bins. */
  halve(): void {
    const half = this.least.length / 2
    for (let bin = 0; bin < half; bin++) {
      const [a, b] = [2 * bin, 2 * bin + 1]
      this.least[bin] = knownOf(Math.min, this.least[a]!, this.least[b]!)
      this.most[bin] = knownOf(Math.max, this.most[a]!, this.most[b]!)
      this.#sums[bin] = this.#sums[a]! + this.#sums[b]!
      this.#counts[bin] = this.#counts[a]! + this.#counts[b]!
    }
    this.least.fill(Number.NaN, half)
    this.most.fill(Number.NaN, half)
    this.#sums.fill(0, half)
    this.#counts.fill(0, half)
  }
}

function knownOf(how: (a: number, b: number) => number, a: number, b: number): number {
  return Number.isNaN(a) ? b : Number.isNaN(b) ? a : how(a, b)
}

/** Milliseconds of a bin at first. */
const shortest = 5_000

/**
 * Time in bins, whose length doubles whenever there would be more than `capacity` of them: so a period of any length is
 * taken in once, in a bounded amount of memory.
 */
export class TimeBins {
  readonly #capacity: number
  readonly #series: Series[] = []
  #start: number | undefined
  /** Milliseconds of each bin. */
  step = shortest
  /** Bins up to the last that was asked for. */
  count = 0

  /** An even number of bins. */
  constructor(capacity: number) {
    this.#capacity = capacity
  }

  /** Milliseconds since the epoch at which the first bin begins. */
  get start(): number {
    return this.#start ?? 0
  }

  /** The bin of a time that is not before the first one. */
  at(time: number): number {
    this.#start ??= time
    while (time - this.#start >= this.#capacity * this.step) {
      this.step *= 2
      this.count = Math.ceil(this.count / 2)
      for (const series of this.#series) series.halve()
    }
    const bin = Math.max(0, Math.floor((time - this.#start) / this.step))
    this.count = Math.max(this.count, bin + 1)
    return bin
  }

  series(): Series {
    const series = new Series(this.#capacity)
    this.#series.push(series)
    return series
  }
}
