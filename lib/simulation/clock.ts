import type { Clock } from '../host/host.ts'

/** 2026-01-01T00:00:00Z: where the wall clock of every simulated host begins. */
const epoch = Date.UTC(2026, 0, 1)
/** Virtual milliseconds in one go before timers and signals of the real world get their turn. */
const longestGo = 1_000

interface Sleeper {
  readonly time: number
  /** Wakes it before its time. */
  ready?(): boolean
  wake(): void
}

/**
 * A clock whose time passes only while a caller sleeps, and then as fast as the physics can be worked
 * out. Time goes to the earliest sleeper's moment after everything that could run without it has run,
 * so several sleepers at once see the same order of events as on a real host.
 */
export class VirtualClock implements Clock {
  readonly #step: (time: number) => void
  readonly #sleepers = new Set<Sleeper>()
  #now = 0
  #scheduled = false
  #interrupted = false

  /** `step(t)` carries the world from `t` to `t + 1` milliseconds. */
  constructor(step: (time: number) => void) {
    this.#step = step
  }

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
        this.#sleepers.delete(sleeper)
        // The one who gave up may act at this very moment: time must not run past it.
        this.#interrupted = true
        reject(signal?.reason)
      }
      const sleeper: Sleeper = {
        time,
        wake: () => {
          signal?.removeEventListener('abort', abort)
          resolve()
        },
      }
      signal?.addEventListener('abort', abort, { once: true })
      this.#sleepers.add(sleeper)
      this.#schedule()
    })
  }

  /** Resolves when `ready` is so, asked after each step, and at `time` in any case. */
  until(time: number, ready: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#sleepers.add({ time, ready, wake: resolve })
      this.#schedule()
    })
  }

  #schedule(): void {
    if (this.#scheduled || this.#sleepers.size === 0) return
    this.#scheduled = true
    soon(() => {
      this.#scheduled = false
      this.#pass()
      this.#schedule()
    })
  }

  #pass(): void {
    let end = this.#now + longestGo
    for (const sleeper of this.#sleepers) end = Math.min(end, sleeper.time)
    this.#interrupted = false
    const conditional = [...this.#sleepers].filter((sleeper) => sleeper.ready !== undefined)
    const isReady = (sleeper: Sleeper) => sleeper.ready?.() === true
    while (this.#now < end && !this.#interrupted && !conditional.some(isReady)) {
      this.#step(this.#now)
      this.#now += 1
    }
    for (const sleeper of this.#sleepers) {
      if (sleeper.time > this.#now && !isReady(sleeper)) continue
      this.#sleepers.delete(sleeper)
      sleeper.wake()
    }
  }
}

/** After all promises that can settle have settled. Browsers have no `setImmediate`. */
function soon(callback: () => void): void {
  if (typeof setImmediate === 'function') setImmediate(callback)
  else setTimeout(callback, 0)
}
