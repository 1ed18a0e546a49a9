import { CpuSet } from '../../lib/host/cpuset.ts'
import { type PinAction, type PurePolicy, pin } from '../../lib/policy/plan.ts'
import { mean, standardDeviation } from '../../lib/util/statistics.ts'
import { placeOf } from '../../lib/view/cpu/placement.ts'

const tolerance = 0.05

/**
 * What most solutions of the classic cases do: when the usage of the pCPUs deviates by more than 5 % of its mean,
 * place all vCPUs anew by their usage, the heaviest first, each on the pCPU with the least so far.
 */
export const usageBased: PurePolicy<PinAction> = (view) => {
  const pcpus = [...view.online]
  const vcpus = view.vcpus.flatMap((vcpu) => {
    const { usage } = vcpu
    return usage === undefined ? [] : [{ vcpu, usage, place: placeOf(vcpu) }]
  })
  const used = pcpus.map((pcpu) => {
    return vcpus.reduce((sum, { usage, place }) => (place === pcpu ? sum + usage : sum), 0)
  })
  if (standardDeviation(used) <= tolerance * mean(used)) return []

  const loads = new Map(pcpus.map((pcpu) => [pcpu, 0]))
  return vcpus
    .toSorted((a, b) => b.usage - a.usage)
    .flatMap(({ vcpu, usage }) => {
      const allowed = pcpus.filter((pcpu) => vcpu.allowed.has(pcpu))
      const target = allowed.sort((a, b) => loads.get(a)! - loads.get(b)!)[0]
      if (target === undefined) return []
      loads.set(target, loads.get(target)! + usage)
      if (vcpu.affinity?.size === 1 && vcpu.affinity.has(target)) return []
      return [pin(vcpu, CpuSet.of(target), `uses ${(100 * usage).toFixed(1)} %`)]
    })
}
