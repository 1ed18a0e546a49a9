/** vCPUs are sorted by demand into so many bins, from 0 to one pCPU. */
export const bins = 20

/** The bin of a vCPU that wants this much of a pCPU. */
export function binOf(demand: number): number {
  return Math.min(bins - 1, Math.max(0, Math.floor(demand * bins)))
}

/**
 * The part of the time that the worst-served vCPU of a host waits, as predicted from what its vCPUs want.
 *
 * `counts` and `sums`: how many vCPUs are in each bin of demand, and what they want together, from `at` on. The scheduler
 * serves all alike: there is a level f that no vCPU gets more than, so that the sum of min(demand, f) is the capacity. The
 * largest, of demand l, waits 1 - f / l then. Below capacity it shares its pCPU with r = max(0, demand / capacity - l) of
 * others on average, and waits while both want to run.
 */
export function predictedDelay(
  counts: Float64Array,
  sums: Float64Array,
  at: number,
  capacity: number,
): number {
  let total = 0
  let number = 0
  let top = -1
  for (let bin = 0; bin < bins; bin++) {
    const count = counts[at + bin]!
    if (count <= 1e-9) continue
    total += sums[at + bin]!
    number += count
    top = bin
  }
  if (top < 0 || total <= 1e-9) return 0
  if (capacity <= 0) return 1
  const largest = sums[at + top]! / counts[at + top]!
  let level = largest
  if (total > capacity) {
    let left = capacity
    let hungry = number
    for (let bin = 0; bin <= top; bin++) {
      const count = counts[at + bin]!
      if (count <= 1e-9) continue
      level = left / hungry
      if (sums[at + bin]! / count >= level) break
      left -= sums[at + bin]!
      hungry -= count
    }
    level = Math.min(level, largest)
  }
  const starved = 1 - level / largest
  const others = number > capacity ? Math.max(0, Math.min(1, total / capacity) - largest) : 0
  const shared = (largest * others) / (1 + largest + others)
  return starved + (1 - starved) * shared
}
