import { CpuSet } from '../../host/cpuset.ts'
import { type PinAction, type PurePolicy, pin } from '../../policy/plan.ts'
import { mean } from '../../util/statistics.ts'
import { readPlacement, withBackground } from '../shared/placement.ts'
import { asItIs } from '../shared/rearrangement.ts'

/** Standard deviation of the pCPUs' demand, as a fraction of its mean, up to which nothing is done. */
const tolerance = 0.05
/** Least fall of a load that counts as one. */
const nothing = 1e-6

/**
 * One vCPU at a time: while the deviation is beyond tolerance, the heaviest vCPU of the busiest pCPU that
 * has one to give goes to the least busy pCPU where it may be, if it is better off there: if the load there, with it, is
 * below the load it left. One move in each tick, so a host of eight guests on one pCPU takes six ticks. A baseline:
 * the rule is that of irqbalance, and of many solutions of the classic cases.
 */
export function oneMove(): PurePolicy<PinAction> {
  return (view) => {
    const placement = withBackground(readPlacement(view), view)
    const { pcpus, movable } = placement
    const { loads, where, deviation } = asItIs(placement)
    if (deviation <= tolerance * mean(loads)) return []
    const byLoad = [...loads.keys()].sort((a, b) => loads[a]! - loads[b]!)
    for (const source of byLoad.toReversed()) {
      const there = movable.filter(({ demand }, index) => where[index] === source && demand > nothing)
      for (const { vcpu, demand, allowed } of there.sort((a, b) => b.demand - a.demand)) {
        const target = byLoad.find((pcpu) => allowed[pcpu] === 1)
        if (target === undefined || loads[target]! + demand > loads[source]! - nothing) continue
        const from = { from: pcpus[source]!, fromLoad: loads[source]! }
        const to = { to: pcpus[target]!, toLoad: loads[target]! }
        return [pin(vcpu, CpuSet.of(pcpus[target]!), { kind: 'one-move', demand, ...from, ...to })]
      }
    }
    return []
  }
}
