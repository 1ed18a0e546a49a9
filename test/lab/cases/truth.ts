import type { Tick } from '../../../lib/control/tick.ts'
import { mean, standardDeviation } from '../../../lib/util/statistics.ts'
import { isFullSample } from '../../../lib/view/cpu/pcpu-loads.ts'
import { placeOf } from '../../../lib/view/cpu/placement.ts'
import type { View } from '../../../lib/view/view.ts'
import { fewestMoves, leastDeviation } from '../../support/oracle.ts'

/** Standard deviation of load, as a fraction of its mean, up to which the host is balanced. */
export const tolerance = 0.05

/** What each domain's vCPU really wants, by the domain's name: calibrated, not estimated by what is under test. */
export type Wanted = ReadonlyMap<string, number>

/** Deviation of what is really wanted from each pCPU, as a fraction of the mean; 0 when nobody wants anything. */
export function trueDeviation(view: View, wanted: Wanted): number {
  const loads = new Map(Array.from(view.online, (pcpu) => [pcpu, 0]))
  for (const vcpu of view.vcpus) {
    const place = placeOf(vcpu)
    if (place !== undefined) loads.set(place, (loads.get(place) ?? 0) + (wanted.get(vcpu.domain.name) ?? 0))
  }
  const values = [...loads.values()]
  return mean(values) > 0 ? standardDeviation(values) / mean(values) : 0
}

/** The fewest moves that balance the host from where the vCPUs are; where it cannot be, those that lead to the best there is. */
export function fewestMovesFrom(view: View, wanted: Wanted): number {
  const pcpus = [...view.online]
  const vcpus = view.vcpus.map((vcpu) => {
    return { demand: wanted.get(vcpu.domain.name) ?? 0, home: pcpus.indexOf(placeOf(vcpu)!) }
  })
  if (vcpus.every(({ demand }) => demand === 0)) return 0
  const problem = { vcpus, fixed: pcpus.map(() => 0) }
  return fewestMoves(problem, [tolerance]) ?? leastDeviation(problem).moves
}

/** What became of a run, by what the guests really want. */
export interface Settling {
  /** Index of the first tick that knows all; -1: there is none. */
  readonly first: number
  /** Ticks from there on in which the kernel by itself kept free guests balanced, before it did no longer: nothing was to be done. */
  readonly ticksLevelAtFirst: number
  /** Ticks after those until the host was balanced and stayed so to the end; undefined: it is not balanced at the end. */
  readonly ticksToBalance: number | undefined
  /** Ticks that followed. */
  readonly ticksAfterBalance: number
}

export function settlingOf(ticks: readonly Tick[], wanted: Wanted): Settling {
  const first = ticks.findIndex(({ view }) => isFullSample(view))
  const isUnbalanced = (first < 0 ? [] : ticks.slice(first)).map(({ view }) => {
    return trueDeviation(view, wanted) > tolerance
  })
  const begins = Math.max(0, isUnbalanced.indexOf(true))
  const ends = isUnbalanced.lastIndexOf(true) + 1
  const isSettled = first >= 0 && ends < isUnbalanced.length
  return {
    first,
    ticksLevelAtFirst: begins,
    ticksToBalance: isSettled ? ends - begins : undefined,
    ticksAfterBalance: isSettled ? isUnbalanced.length - 1 - ends : 0,
  }
}
