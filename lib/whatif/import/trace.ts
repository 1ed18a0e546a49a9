/** What a trace says of one guest over one step of it. */
export interface Reading {
  readonly guest: string
  /** Seconds, of any origin. */
  readonly time: number
  /** What it used of its vCPUs, as a part of all of them: on average, and at least and at most where the trace says so. */
  readonly cpu: number
  readonly cpuLeast?: number | undefined
  readonly cpuMost?: number | undefined
  /** Bytes that it used; undefined: the trace does not say. */
  readonly memory?: number | undefined
  /** What it had, as far as this reading says. */
  readonly vcpus?: number | undefined
  /** Bytes. */
  readonly size?: number | undefined
}

/** The readings of a trace, in the order of its files and lines. */
export type Trace = AsyncIterable<Reading>

/** What readings are not to go beyond. */
export interface TraceLimits {
  /** Guests that are taken: the first that there are. */
  readonly guests: number
  /** Seconds that are taken, from the first reading on. */
  readonly seconds: number
}
