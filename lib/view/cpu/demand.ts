/** A vCPU that sleeps for less than the rest of this hardly ever does: what it would do with more is not known. */
const neverSleeps = 0.97

/**
 * Fraction of one pCPU that a vCPU would use if it never waited, from one interval's counters. A vCPU
 * that computes a fixed piece of work, then sleeps (a closed loop) ran for `usage` while it had a pCPU for
 * its share of `1 - delay` of the time, so alone it would use `usage / (1 - delay)`. A vCPU with work that
 * arrives by the clock (an open loop) is overestimated by it under contention. Where the run-queue delay is
 * unknown (NaN), usage is the best there is.
 *
 * @returns 0 to 1; NaN when the usage is unknown.
 */
export function estimateDemand(usage: number, delay: number): number {
  if (Number.isNaN(usage) || Number.isNaN(delay)) return clamp(usage)
  // It waited all the interval: whatever it ran, it wanted the whole pCPU.
  if (delay >= 1) return 1
  return clamp(usage / (1 - delay))
}

/**
 * The same of a vCPU that quotas held back for a part of the interval: where it slept for none of it, it wants all that
 * it can get, however little it ran.
 */
export function closedDemand(usage: number, delay: number, throttled: number): number {
  return throttled > 0 && usage + delay + throttled > neverSleeps ? 1 : estimateDemand(usage, delay)
}

/**
 * The most that the same vCPU can want: `usage / (1 - delay)`, and a whole pCPU when it hardly ever slept. Where the delay
 * is unknown, it waited at most while its pCPU was busy with others, by `busy` (NaN: unknown).
 *
 * @returns 0 to 1; NaN when the usage is unknown.
 */
export function mostDemand(usage: number, delay: number, busy: number): number {
  if (!Number.isNaN(delay)) return usage + delay > neverSleeps ? 1 : estimateDemand(usage, delay)
  if (Number.isNaN(busy) && !Number.isNaN(usage)) return 1
  return estimateDemand(usage, Math.max(0, busy - usage))
}

/**
 * What `demand`, seen on a pCPU of this capacity, is of the host's largest: the same work takes less of that. One that
 * hardly ever slept, by the part of the time that it ran or waited, would take all that it gets of it.
 */
export function onLargest(demand: number, awake: number, capacity: number): number {
  if (capacity === 1) return demand
  return awake > neverSleeps ? 1 : capacity * demand
}

function clamp(fraction: number): number {
  return Math.min(1, Math.max(0, fraction))
}
