import { CpuSet } from '../../host/cpuset.ts'
import { type PinAction, type PurePolicy, pin } from '../../policy/plan.ts'
import { mean } from '../../util/statistics.ts'
import { type Movable, type Placement, readPlacement, withBackground } from '../shared/placement.ts'
import { asItIs } from '../shared/rearrangement.ts'

/** Standard deviation of the pCPUs' demand, as a fraction of its mean, up to which nothing is done. */
const tolerance = 0.05

/**
 * Longest processing time first: whenever the deviation is beyond tolerance, all vCPUs are placed anew, the
 * heaviest first, each on the pCPU with the least load so far (the lowest number among equals). The fullest
 * pCPU gets at most 4/3 of what the best placement would give it. It ignores where vCPUs are, so it
 * moves many for nothing: a baseline, and what most solutions of the classic cases do.
 *
 * Graham, "Bounds on multiprocessing timing anomalies" (1969).
 */
export function lpt(): PurePolicy<PinAction> {
  return (view) => {
    const placement = withBackground(readPlacement(view), view)
    const { deviation, loads } = asItIs(placement)
    const displaced = placement.movable.some(({ home }) => home === undefined)
    return displaced || deviation > tolerance * mean(loads) ? placeAnew(placement) : []
  }
}

function placeAnew({ pcpus, loads: before, movable }: Placement): PinAction[] {
  const loads = withoutMovable(before, movable)
  return movable
    .toSorted((a, b) => b.demand - a.demand)
    .flatMap(({ vcpu, demand, allowed }) => {
      const target = leastLoaded(loads, allowed)
      const met = loads[target]!
      loads[target] = met + demand
      const cpu = pcpus[target]!
      if (vcpu.affinity?.size === 1 && vcpu.affinity.has(cpu)) return []
      return [pin(vcpu, CpuSet.of(cpu), { kind: 'lpt-place', demand, to: cpu, load: met })]
    })
}

/** Loads below this are what is left of a subtraction. */
const nothing = 1e-9

/** What stays on each pCPU whatever is moved. */
function withoutMovable(loads: Float64Array, movable: readonly Movable[]): Float64Array {
  const left = loads.slice()
  for (const { home, demand } of movable) if (home !== undefined) left[home]! -= demand
  return left.map((load) => (load < nothing ? 0 : load))
}

function leastLoaded(loads: Float64Array, allowed: Uint8Array): number {
  let best = allowed.indexOf(1)
  for (let pcpu = best + 1; pcpu < loads.length; pcpu++) {
    if (allowed[pcpu] === 1 && loads[pcpu]! < loads[best]!) best = pcpu
  }
  return best
}
