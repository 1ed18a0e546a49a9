import type { PinAction } from '../../policy/plan.ts'
import type { VcpuView, View } from '../../view/view.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Verdict } from '../verdict.ts'

/**
 * What becomes of a pin, as one rule after the other is asked: nothing when it is fine as it is. Unmanaged
 * domains are denied before; allowed CPUs, idle when balanced: a vCPU is pinned only within what its user allows and what is
 * online, and not at all when another program has pinned it, or when it is there already. To restore what was before
 * Ballast it is enough that some of it can be used.
 */
export function limitPin(
  pin: PinAction,
  vcpu: VcpuView,
  view: View,
  ledger: Ledger,
): Verdict<PinAction> | undefined {
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
  const restores = pin.reason.kind === 'restore-original'
  // What was pinned before is pinned again as it was: of what cannot be used now, the kernel makes use later.
  if (!within.equals(pin.cpus) && !restores) {
    return {
      rule: 'allowed-cpus',
      instead: { ...pin, cpus: within },
      cause: { kind: 'partly-allowed', allowed, online },
    }
  }
  // Nor does what is seen tell whether an earlier pin, which failed, is still written in a cpuset.
  if (restores) return undefined
  if (pin.cpus.equals(affinity.and(view.topology.online))) {
    return { rule: 'no-change', cause: { kind: 'pinned-already', affinity } }
  }
  if (ledger.isAsRequested(vcpu, pin.cpus)) {
    return { rule: 'no-change', cause: { kind: 'pinned-as-asked', cpus: pin.cpus, affinity } }
  }
  return undefined
}
