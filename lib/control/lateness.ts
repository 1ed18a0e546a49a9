import { BallastError } from '../host/errors.ts'

/** After this many intervals the host may be another than the one that a plan was made for. */
const lateIntervals = 3
/** Milliseconds that are never late, however short the interval: a busy machine takes that now and then. */
const leastLateness = 1_000

/**
 * What to say of a plan that is ready `age` milliseconds after its samples; undefined while that is soon enough. A plan that
 * is late is dropped whole, and the next tick decides anew.
 */
export function lateness(age: number, interval: number): BallastError | undefined {
  const limit = Math.max(leastLateness, lateIntervals * interval)
  if (!(age > limit)) return undefined
  const message =
    `The loop fell behind: its plan was ready ${Math.round(age)} ms after its samples, ` +
    `later than ${limit} ms: nothing was changed`
  return new BallastError('ERR_LATE', message)
}
