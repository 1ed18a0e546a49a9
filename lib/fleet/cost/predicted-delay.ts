/** vCPUs are sorted by demand into so many bins, from 0 to one pCPU. */
export const bins = 20

/** Slack of sums that are made up again and again. */
const nothing = 1e-9

/** The bin of a vCPU that wants this much of a pCPU. */
export function binOf(demand: number): number {
  return Math.min(bins - 1, Math.max(0, Math.floor(demand * bins)))
}

/** vCPUs that want more hardly ever sleep: the kernel has no wake-up at which it could put them elsewhere. */
const sleepless = 0.8
/** Whether what is in a bin hardly ever sleeps. */
export function isSleepless(bin: number): boolean {
  return bin >= sleepless * bins
}

/** How fast the wait for what shares a pCPU by chance is lost in the wait for capacity, as that runs short. */
const fading = 3

/**
 * The part of the time that the worst-served vCPU of a host waits, as predicted from what its vCPUs want: `counts` and `sums`
 * from `at` on are how many vCPUs are in each bin of demand, and what they want together. docs/fleet-policies.md has the formula.
 */
export function predictedDelay(
  counts: Float64Array,
  sums: Float64Array,
  at: number,
  capacity: number,
): number {
  let total = 0
  let squares = 0
  let busy = 0
  let top = -1
  for (let bin = 0; bin < bins; bin++) {
    const count = counts[at + bin]!
    if (count <= nothing) continue
    total += sums[at + bin]!
    squares += (sums[at + bin]! * sums[at + bin]!) / count
    if (isSleepless(bin)) busy += count
    top = bin
  }
  if (top < 0 || total <= nothing) return 0
  if (capacity <= nothing) return 1
  const largest = Math.min(1, sums[at + top]! / counts[at + top]!)
  const load = total / capacity
  let starved = 0
  if (load > 1) {
    const stretch = stretchOf(counts, sums, at, capacity)
    starved = (largest * (stretch - 1)) / (1 - largest + largest * stretch)
  }
  return withSharing(starved, load, total, squares, largest, busy, capacity)
}

/** The same where the demand is not above the capacity, from sums alone: of demands, of their squares, and of what hardly sleeps. */
export function delayBelowCapacity(
  total: number,
  squares: number,
  largest: number,
  busy: number,
  capacity: number,
): number {
  if (total <= nothing) return 0
  return withSharing(0, total / capacity, total, squares, Math.min(1, largest), busy, capacity)
}

/** What is waited for capacity, with what is waited since vCPUs meet on one pCPU. */
function withSharing(
  starved: number,
  load: number,
  total: number,
  squares: number,
  largest: number,
  busy: number,
  capacity: number,
): number {
  const others = Math.max(0, Math.min(1, load) - squares / total)
  const shared = (largest * others) / (1 + largest + others) / Math.max(1, load) ** fading
  const delay = starved + (1 - starved) * shared
  const pcpus = Math.ceil(capacity - nothing)
  const most = 1 - 1 / Math.max(1, Math.ceil(busy / pcpus - nothing))
  if (most <= delay || largest <= sleepless) return delay
  return delay + ((most - delay) * (largest - sleepless)) / (2 * (1 - sleepless))
}

/**
 * How many times longer all work takes when the capacity is short and shared alike: each vCPU of demand d then runs
 * d / (1 - d + d × stretch) of the time, since it does not sleep less for it, and all together as much as there is.
 */
function stretchOf(counts: Float64Array, sums: Float64Array, at: number, capacity: number): number {
  let stretch = 1
  // By Newton's method, from below: the sum falls ever slower.
  for (let round = 0; round < 30; round++) {
    let sum = 0
    let slope = 0
    for (let bin = 0; bin < bins; bin++) {
      const count = counts[at + bin]!
      if (count <= nothing) continue
      const demand = Math.min(1, sums[at + bin]! / count)
      const runs = demand / (1 - demand + demand * stretch)
      sum += count * runs
      slope += count * runs * runs
    }
    const step = (sum - capacity) / slope
    stretch += step
    if (Math.abs(step) < 1e-4 * stretch) break
  }
  return stretch
}
