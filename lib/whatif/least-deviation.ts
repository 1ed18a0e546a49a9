import { standardDeviation } from '../util/statistics.ts'

/**
 * No placement on `units` equal units has a smaller standard deviation of load, in the units of `weights`: what is heavier than
 * the mean of the rest has a unit for itself, and the rest is level at best. Quick, and seldom reached.
 */
export function leastDeviation(weights: readonly number[], units: number): number {
  const sorted = weights.toSorted((a, b) => b - a)
  let rest = sorted.reduce((sum, weight) => sum + weight, 0)
  const loads: number[] = []
  for (const weight of sorted) {
    if (loads.length === units - 1 || weight <= rest / (units - loads.length)) break
    loads.push(weight)
    rest -= weight
  }
  const level = rest / (units - loads.length)
  while (loads.length < units) loads.push(level)
  return standardDeviation(loads)
}
