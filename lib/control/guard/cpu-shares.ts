import type { SetSharesAction } from '../../policy/plan.ts'
import type { DomainView } from '../../view/view.ts'
import { isShares, sharesExpected } from '../domain/rules.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Verdict } from '../verdict.ts'
import { domainSkipReason } from './eligibility.ts'

/** What becomes of new `cpu_shares`, as one rule after the other is asked: nothing when they are fine as they are. */
export function limitShares(
  { shares }: SetSharesAction,
  domain: DomainView,
  ledger: Ledger,
): Verdict<SetSharesAction> | undefined {
  const hold = domainSkipReason(domain) ?? ledger.shares.skipReason(domain.uuid)
  if (hold) return { rule: hold.rule, cause: hold.why }
  if (!isShares(shares)) return { rule: 'invalid', cause: `cpu_shares are ${sharesExpected}, not ${shares}` }
  const { cpuShares } = domain
  if (cpuShares === undefined) {
    return { rule: 'unmanaged', cause: 'its cpu_shares are not known, and could not be restored' }
  }
  if (cpuShares === shares || ledger.shares.isAsRequested(domain.uuid, shares)) {
    return { rule: 'no-change', cause: `it was given ${shares} shares already` }
  }
  return undefined
}
