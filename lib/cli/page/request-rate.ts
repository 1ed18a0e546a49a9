/** Requests that one address may make at once, and per second after that. */
const limits = { burst: 200, perSecond: 20 }
/** Addresses that are remembered. */
const mostAddresses = 1_024

interface Bucket {
  left: number
  /** Milliseconds. */
  at: number
}

/** How many requests each address may still make. */
export class RequestRate {
  readonly #buckets = new Map<string, Bucket>()
  readonly #now: () => number

  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  /** Whether `address` may make one more request now. */
  take(address: string): boolean {
    const now = this.#now()
    const bucket = this.#buckets.get(address) ?? { left: limits.burst, at: now }
    // Moved to the end: the first are those that were silent for longest.
    this.#buckets.delete(address)
    this.#buckets.set(address, bucket)
    if (this.#buckets.size > mostAddresses) this.#buckets.delete(this.#buckets.keys().next().value!)
    bucket.left = Math.min(limits.burst, bucket.left + ((now - bucket.at) / 1_000) * limits.perSecond)
    bucket.at = now
    if (bucket.left < 1) return false
    bucket.left--
    return true
  }
}
