/** Milliseconds after which a figure of before counts for 1/e of what it did. */
export const smoothingTime = 60_000

/** A figure that is smoothed, and when it was last known. */
export interface Smoothed {
  readonly value: number
  readonly time: number
}

/**
 * The next smoothed value from one that was just seen: exponential, by the time between both. A figure that is not known keeps
 * the last one.
 */
export function smooth(
  before: Smoothed | undefined,
  seen: number | undefined,
  time: number,
): Smoothed | undefined {
  if (seen === undefined || !Number.isFinite(seen)) return before
  if (before === undefined) return { value: seen, time }
  const keep = Math.exp(-Math.max(0, time - before.time) / smoothingTime)
  return { value: keep * before.value + (1 - keep) * seen, time }
}
