import type { Topology } from '../../lib/host/topology.ts'
import { mean, standardDeviation } from '../../lib/util/statistics.ts'
import { leastDeviation } from '../../lib/whatif/least-deviation.ts'
import type { Scene } from './scene.ts'

/**
 * What is to be level on a host, the most important first; each says by pCPU which unit it belongs to. On hosts with
 * SMT the cores, then the pCPUs; elsewhere the pCPUs.
 */
export function levelsOf({ pcpus }: Topology): number[][] {
  const firsts = [...new Set(pcpus.map(({ siblings }) => siblings.first!))]
  const cores = pcpus.map(({ siblings }) => firsts.indexOf(siblings.first!))
  const each = pcpus.map((_, index) => index)
  return firsts.length < pcpus.length ? [cores, each] : [each]
}

/**
 * By level: standard deviation of the true loads, background load among them, in percent of their mean; each as a part
 * of what its unit can do.
 */
export function deviations(
  { vcpus, background, capacities }: Scene,
  levels: readonly (readonly number[])[],
): number[] {
  return levels.map((unitOf) => {
    const units = new Set(unitOf).size
    const loads = new Array<number>(units).fill(0)
    const room = new Array<number>(units).fill(0)
    for (const [pcpu, unit] of unitOf.entries()) room[unit]! += capacities[pcpu]!
    const all = room.reduce((sum, one) => sum + one, 0)
    for (const [pcpu, part] of background.entries()) loads[unitOf[pcpu]!]! += part
    for (const { place, demand } of vcpus) if (place !== undefined) loads[unitOf[place]!]! += demand
    for (const unit of loads.keys()) loads[unit]! *= all / units / room[unit]!
    const middle = mean(loads)
    return middle > 0 ? (100 * standardDeviation(loads)) / middle : 0
  })
}

/** No placement on `units` equal units has a smaller deviation, in percent of the mean. */
export function lowerBound(weights: readonly number[], units: number): number {
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  return total === 0 ? 0 : (100 * leastDeviation(weights, units)) / (total / units)
}
