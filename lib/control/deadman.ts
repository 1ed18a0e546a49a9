import { BallastError } from '../host/errors.ts'

/** So many intervals after it was looked a plan is about a host that may be another by now. */
const intervals = 3
/** Milliseconds that are not late, however short the interval: a busy machine takes that now and then. */
const leastLimit = 1_000

/**
 * What to say of a plan that comes to be carried out `age` milliseconds after what it was made from was seen: undefined
 * while that is soon enough. A plan that is late is dropped whole, and the next look decides anew.
 */
export function lateness(age: number, interval: number): BallastError | undefined {
  const limit = Math.max(leastLimit, intervals * interval)
  if (!(age > limit)) return undefined
  const message =
    `The loop fell behind: its plan was ready ${Math.round(age)} ms after it had looked, ` +
    `later than ${limit} ms: nothing was changed`
  return new BallastError('ERR_LATE', message)
}
