import type { PinAction } from '../../policy/plan.ts'
import type { VcpuView, View } from '../../view/view.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Verdict } from '../verdict.ts'
import { domainSkip } from './eligibility.ts'

/**
 * What becomes of a pin, as one rule after the other is asked: nothing when it is fine as it is. Unmanaged
 * domains, allowed CPUs, idle when balanced: a vCPU is pinned only within what its user allows and what is online, and not
 * at all when its domain is skipped, when another program has pinned it, or when it is there already.
 */
export function limitPin(
  pin: PinAction,
  vcpu: VcpuView,
  view: View,
  ledger: Ledger,
): Verdict<PinAction> | undefined {
  const skip = domainSkip(vcpu.domain)
  if (skip) return { rule: skip.rule, cause: skip.reason }
  const { affinity } = vcpu
  if (!affinity) return { rule: 'stale-statistics', cause: { kind: 'affinity-unknown' } }
  const external = ledger.externalAffinity(vcpu)
  if (external) return { rule: 'external-change', cause: { kind: 'pinned-externally', cpus: external } }
  const { allowed } = vcpu
  const { online } = view
  const within = pin.cpus.and(allowed).and(online)
  if (within.isEmpty) {
    return { rule: 'allowed-cpus', cause: { kind: 'none-allowed', cpus: pin.cpus, allowed, online } }
  }
  if (!within.equals(pin.cpus)) {
    return {
      rule: 'allowed-cpus',
      instead: { ...pin, cpus: within },
      cause: { kind: 'partly-allowed', allowed, online },
    }
  }
  if (pin.cpus.equals(affinity.and(view.topology.online))) {
    return { rule: 'no-change', cause: { kind: 'pinned-already', affinity } }
  }
  if (ledger.isAsRequested(vcpu, pin.cpus)) {
    return { rule: 'no-change', cause: { kind: 'pinned-as-asked', cpus: pin.cpus, affinity } }
  }
  return undefined
}
