import type { CpuQuota } from '../../host/cpu-quota.ts'
import { served } from '../../util/max-min-share.ts'
import type { VcpuView } from '../view.ts'

/** Part of a quota from which on a vCPU, or a domain, counts as held back by it. */
const nearly = 0.9

/** Fraction of one pCPU that each vCPU of a domain may use at the most. */
export function mostOf(quota: CpuQuota | undefined): number {
  return quota ? Math.min(1, quota.vcpu ?? 1, quota.global ?? 1) : 1
}

/** Whether a vCPU that used so much, of a domain whose vCPUs used `together`, is likely to have been held back by a quota. */
export function isAtQuota(quota: CpuQuota | undefined, usage: number, together: number): boolean {
  if (!quota) return false
  const { vcpu = Number.POSITIVE_INFINITY, global = Number.POSITIVE_INFINITY } = quota
  return usage >= nearly * vcpu || together >= nearly * global
}

/**
 * The vCPUs of a domain with what they may have of a quota that all share: where they want more than that together, it
 * is divided among them by max-min fairness, as the kernel hands it out to whoever asks.
 */
export function withinGlobal(vcpus: readonly VcpuView[], global: number): readonly VcpuView[] {
  const wanted = vcpus.map(({ demand = 0 }) => demand)
  if (wanted.reduce((sum, one) => sum + one, 0) <= global) return vcpus
  const divide = (wants: readonly number[]) =>
    served(
      wants.map((one) => ({ wanted: one, weight: 1 })),
      global,
    )
  const demands = divide(wanted)
  const lows = divide(vcpus.map(({ demandRange }) => demandRange?.low ?? 0))
  const highs = divide(vcpus.map(({ demandRange }) => demandRange?.high ?? 0))
  return vcpus.map((vcpu, i) => {
    if (vcpu.demand === undefined) return vcpu
    const demand = demands[i]!
    const demandRange = { low: Math.min(lows[i]!, demand), high: Math.max(highs[i]!, demand) }
    return { ...vcpu, demand, demandRange }
  })
}
