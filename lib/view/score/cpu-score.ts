import { closedDemand, onLargest } from '../cpu/demand.ts'
import { mostOf } from '../cpu/quota.ts'
import type { DomainView } from '../view.ts'

/** Fraction of a pCPU that each vCPU counts as having run at least: so a wait before hardly any work weighs next to nothing. */
const leastUsage = 1e-4

/**
 * The work that the vCPUs of a guest did, as a part of the work that they would have done without waiting, within their
 * quotas: 0 to 1, of the last interval alone. NaN while usage or delay of one of them is not known.
 *
 * Each is taken for a closed loop here, whatever was learned of it: one that waits is served late, also where it gets its
 * work done in the end. `capacities` are those of the pCPUs, by number.
 */
export function cpuScore({ vcpus, cpuQuota }: DomainView, capacities: Float64Array): number {
  const allowed = mostOf(cpuQuota)
  let got = 0
  let wanted = 0
  for (const { usage, delay, throttled = 0, pcpu } of vcpus) {
    if (usage === undefined || delay === undefined) return Number.NaN
    const capacity = (pcpu === undefined ? undefined : capacities[pcpu]) ?? 1
    const ran = Math.max(usage, leastUsage)
    const work = capacity * ran
    const alone = onLargest(closedDemand(ran, delay, throttled), ran + delay, capacity)
    got += work
    wanted += Math.max(work, Math.min(allowed, alone))
  }
  if (cpuQuota?.global !== undefined) wanted = Math.max(got, Math.min(wanted, cpuQuota.global))
  return wanted > 0 ? got / wanted : Number.NaN
}
