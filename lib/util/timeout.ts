import type { Clock } from '../host/host.ts'

/** What {@link within} gives when the time is up first. */
export const late: unique symbol = Symbol('late')

/**
 * What `promise` resolves to, or {@link late} when that takes longer than `milliseconds` on `clock`. The
 * promise goes on by itself then: the caller has to see to its end, also to its rejection.
 */
export async function within<T>(
  clock: Clock,
  milliseconds: number,
  promise: Promise<T>,
): Promise<T | typeof late> {
  const settled = new AbortController()
  const timeIsUp = clock.sleepUntil(clock.now() + milliseconds, settled.signal).then(
    (): typeof late => late,
    (error: unknown): typeof late => {
      if (settled.signal.aborted) return late // ended by us, and nobody waits for it any more
      throw error
    },
  )
  try {
    return await Promise.race([promise, timeIsUp])
  } finally {
    settled.abort()
  }
}
