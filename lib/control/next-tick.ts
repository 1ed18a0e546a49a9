/**
 * The next beat of a loop that began at `start` and beats every `interval`, all in milliseconds of one clock:
 * the first multiple that is not over yet, and never the beat `after` again. Beats are counted from the
 * start, so that nothing drifts; those that a long turn has missed are left out, so that none comes in a burst.
 */
export function nextTickIndex(start: number, interval: number, after: number, now: number): number {
  return Math.max(after + 1, Math.ceil((now - start) / interval))
}
