import type { Clock } from '../../host/host.ts'

/** 2026-01-01T00:00:00Z: where the wall clock of every simulated fleet begins. */
const epoch = Date.UTC(2026, 0, 1)

interface Sleeper {
  readonly time: number
  wake(): void
}

/**
 * A clock whose time passes only while somebody sleeps: it jumps to the moment of the earliest sleeper, after everything
 * that could run without time has run. Sleepers of one moment wake up in the order in which they lay down.
 */
export class EventClock implements Clock {
  /** By time, the earliest first; of one time in the order in which they came. */
  readonly #sleepers: Sleeper[] = []
  #now = 0
  #scheduled = false
  #isStopped = false

  now(): number {
    return this.#now
  }

  wallTime(): number {
    return epoch + this.#now
  }

  sleepUntil(time: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      if (time <= this.#now) return resolve()
      const abort = () => {
        const index = this.#sleepers.indexOf(sleeper)
        if (index !== -1) this.#sleepers.splice(index, 1)
        reject(signal?.reason)
      }
      const wake = () => {
        signal?.removeEventListener('abort', abort)
        resolve()
      }
      const sleeper: Sleeper = { time, wake }
      signal?.addEventListener('abort', abort, { once: true })
      this.#insert(sleeper)
      this.#schedule()
    })
  }

  /** No time passes any more: whoever sleeps does so for good. */
  stop(): void {
    this.#isStopped = true
    this.#sleepers.length = 0
  }

  #insert(sleeper: Sleeper): void {
    let [low, high] = [0, this.#sleepers.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#sleepers[middle]!.time <= sleeper.time) low = middle + 1
      else high = middle
    }
    this.#sleepers.splice(low, 0, sleeper)
  }

  #schedule(): void {
    if (this.#scheduled || this.#isStopped || this.#sleepers.length === 0) return
    this.#scheduled = true
    soon(() => {
      this.#scheduled = false
      this.#pass()
      this.#schedule()
    })
  }

  #pass(): void {
    const next = this.#sleepers[0]
    if (next === undefined) return
    this.#now = next.time
    let due = 0
    while (due < this.#sleepers.length && this.#sleepers[due]!.time <= this.#now) due++
    for (const sleeper of this.#sleepers.splice(0, due)) sleeper.wake()
  }
}

/** After all promises that can settle have settled. Browsers have no `setImmediate`. */
function soon(callback: () => void): void {
  if (typeof setImmediate === 'function') setImmediate(callback)
  else setTimeout(callback, 0)
}
