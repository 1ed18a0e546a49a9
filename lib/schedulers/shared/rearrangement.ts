import { standardDeviation } from '../../util/statistics.ts'
import type { Movable, Placement } from './placement.ts'

/** A placement after some moves. */
export interface Rearrangement {
  /** By movable: index of the pCPU that it is on. */
  readonly where: Int32Array
  /** By pCPU. */
  readonly loads: Float64Array
  /** Standard deviation of `loads`. */
  readonly deviation: number
}

/**
 * The placement before any move. A vCPU that is on no pCPU where it may be has to go somewhere: the
 * heaviest first, each to the least loaded.
 */
export function asItIs({ movable, loads: before }: Placement): Rearrangement {
  const loads = before.slice()
  const where = Int32Array.from(movable, ({ home }) => home ?? -1)
  const displaced = [...where.keys()].filter((index) => where[index] === -1)
  for (const index of displaced.sort((a, b) => movable[b]!.demand - movable[a]!.demand)) {
    const target = leastLoaded(loads, movable[index]!)
    where[index] = target
    loads[target]! += movable[index]!.demand
  }
  return { where, loads, deviation: standardDeviation(loads) }
}

function leastLoaded(loads: Float64Array, { allowed }: Movable): number {
  let best = -1
  for (let pcpu = 0; pcpu < loads.length; pcpu++) {
    if (allowed[pcpu] === 1 && (best < 0 || loads[pcpu]! < loads[best]!)) best = pcpu
  }
  return best
}
