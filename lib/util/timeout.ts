/** The part of a clock that a timeout needs: monotonic milliseconds, and a wait that can be aborted. */
export interface Timer {
  now(): number
  sleepUntil(time: number, signal?: AbortSignal): Promise<void>
}

/** What {@link withTimeout} gives when the time is up first. */
export const timedOut: unique symbol = Symbol('late')

/**
 * What `promise` resolves to, or {@link timedOut} when that takes longer than `milliseconds` on `clock`. The
 * promise goes on by itself then: the caller has to see to its end, also to its rejection.
 */
export async function withTimeout<T>(
  clock: Timer,
  milliseconds: number,
  promise: Promise<T>,
): Promise<T | typeof timedOut> {
  const settled = new AbortController()
  const timeIsUp = clock.sleepUntil(clock.now() + milliseconds, settled.signal).then(
    (): typeof timedOut => timedOut,
    (error: unknown): typeof timedOut => {
      if (settled.signal.aborted) return timedOut // ended by us: there is no waiter any more
      throw error
    },
  )
  try {
    return await Promise.race([promise, timeIsUp])
  } finally {
    // With a reason: without one an error with a stack is made, for each call, and nobody reads it.
    settled.abort(timedOut)
  }
}
