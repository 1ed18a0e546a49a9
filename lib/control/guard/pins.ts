import type { PinAction } from '../../policy/plan.ts'
import type { VcpuView, View } from '../../view/view.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Verdict } from '../verdict.ts'
import { domainSkipReason } from './eligibility.ts'

/**
 * What becomes of a pin, as one rule after the other is asked: nothing when it is fine as it is. Rules 4 to 6
 * of "What is always true": a vCPU is pinned only within what its user allows and what is online, and not
 * at all when it is not ours to pin, when somebody else has pinned it, or when it is there already.
 */
export function limitPin(
  pin: PinAction,
  vcpu: VcpuView,
  view: View,
  ledger: Ledger,
): Verdict<PinAction> | undefined {
  const hold = domainSkipReason(vcpu.domain)
  if (hold) return { rule: hold.rule, cause: hold.why }
  const { affinity } = vcpu
  if (!affinity) {
    return { rule: 'stale-statistics', cause: 'its present affinity is not known and could not be restored' }
  }
  const foreign = ledger.externalAffinity(vcpu)
  if (foreign) {
    return {
      rule: 'external-change',
      cause: `someone else pinned it to ${foreign}: it is left alone until it restarts`,
    }
  }
  const within = pin.cpus.and(vcpu.allowed).and(view.online)
  if (within.isEmpty) {
    return {
      rule: 'allowed-cpus',
      cause: `none of ${pin.cpus} is allowed (${vcpu.allowed}) and online (${view.online})`,
    }
  }
  if (!within.equals(pin.cpus)) {
    return {
      rule: 'allowed-cpus',
      instead: { ...pin, cpus: within },
      cause: `allowed are ${vcpu.allowed}, online ${view.online}`,
    }
  }
  if (pin.cpus.equals(affinity.and(view.topology.online))) {
    return { rule: 'no-change', cause: `it is pinned to ${affinity} already` }
  }
  if (ledger.isAsRequested(vcpu, pin.cpus)) {
    return {
      rule: 'no-change',
      cause: `it was pinned to ${pin.cpus} already, and may run on ${affinity} of it`,
    }
  }
  return undefined
}
