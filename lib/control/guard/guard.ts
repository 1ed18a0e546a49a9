import { type Action, actionKey, type Plan } from '../../policy/plan.ts'
import { domainsByUuid } from '../../view/domains-by-uuid.ts'
import { type SharesScale, sharesScale } from '../../view/shares-scale.ts'
import type { DomainView, View } from '../../view/view.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Clamp, Skipped } from '../tick.ts'
import type { GuardLimits, Verdict } from '../verdict.ts'
import { limitShares } from './cpu-shares.ts'
import { skippedDomains, vcpuSkip } from './eligibility.ts'
import { limitMemory, MemoryBudget } from './memory.ts'
import { limitPin } from './pins.ts'

/** A plan within the limits, and what became of the rest. */
export interface Guarded {
  readonly plan: Plan
  /**
   * In order. When an action meets several rules in turn, the next clamp begins with what the one before made
   * of it.
   */
  readonly clamps: readonly Clamp[]
  readonly skipped: readonly Skipped[]
}

/**
 * Holds a plan against the invariants in docs/architecture.md. Of several actions for
 * one thing the first that makes sense counts, so a script can put the policy that matters most first.
 */
export function guard(plan: Plan, view: View, limits: GuardLimits, ledger: Ledger): Guarded {
  const domains = domainsByUuid(view.domains)
  const books = new MemoryBudget(view, ledger)
  const taken = new Set<string>()
  const passed: Action[] = []
  const clamps: Clamp[] = []

  const clamp = (action: Action, { rule, instead, cause }: Verdict) => {
    clamps.push({ rule, result: instead ? 'changed' : 'denied', action, instead, cause })
  }
  const deny = (action: Action, cause: Clamp['cause']) => clamp(action, { rule: 'invalid', cause })
  const limit = (action: Action, domain: DomainView): Verdict | undefined => {
    return (
      limitOf(action, domain) ??
      ledger.quarantine.check(action, domain, view) ??
      ledger.refusals.check(action, view.time)
    )
  }
  let scale: SharesScale | undefined
  const limitOf = (action: Action, domain: DomainView): Verdict | undefined => {
    if (action.kind === 'setMemory') return limitMemory(action, domain, limits, books)
    if (action.kind === 'setShares') {
      scale ??= sharesScale(view.domains)
      return limitShares(action, domain, ledger, scale)
    }
    const skip = vcpuSkip(domain)
    if (skip) return { rule: skip.rule, cause: skip.reason }
    const vcpu = domain.vcpus.find((one) => one.vcpu === action.vcpu)
    return vcpu
      ? limitPin(action, vcpu, view, ledger)
      : { rule: 'invalid', cause: { kind: 'unknown-vcpu', domain: domain.name, vcpu: action.vcpu } }
  }

  for (const planned of plan) {
    const domain = domains.get(planned.uuid)
    if (!domain) {
      deny(planned, { kind: 'unknown-domain', uuid: planned.uuid })
      continue
    }
    if (planned.kind === 'setMemory' && !(Number.isFinite(planned.bytes) && planned.bytes > 0)) {
      deny(planned, { kind: 'invalid-size', size: planned.bytes })
      continue
    }
    if (taken.has(actionKey(planned))) {
      deny(planned, { kind: 'repeated' })
      continue
    }
    taken.add(actionKey(planned))
    let action: Action | undefined = planned
    while (action) {
      const verdict = limit(action, domain)
      if (!verdict) {
        if (action.kind === 'setMemory') books.grant(action, domain)
        passed.push(action)
        break
      }
      clamp(action, verdict)
      action = verdict.instead
    }
  }
  return { plan: passed, clamps, skipped: skippedDomains(view, ledger) }
}
