import type { SetSharesAction } from '../../policy/plan.ts'
import type { SharesScale } from '../../view/shares-scale.ts'
import type { DomainView } from '../../view/view.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Verdict } from '../verdict.ts'
import { domainSkip } from './eligibility.ts'

/** What becomes of new `cpu_shares`, as one rule after the other is asked: nothing when they are fine as they are. */
export function limitShares(
  { shares }: SetSharesAction,
  domain: DomainView,
  ledger: Ledger,
  scale: SharesScale,
): Verdict<SetSharesAction> | undefined {
  const skip = domainSkip(domain)
  if (skip) return { rule: skip.rule, cause: skip.reason }
  const verdict = ledger.shares.check(domain.uuid)
  if (verdict) return verdict
  const { least, most } = scale
  if (!Number.isSafeInteger(shares) || shares < least || shares > most) {
    return { rule: 'invalid', cause: { kind: 'cpu-shares-invalid', shares, least, most } }
  }
  const { cpuShares } = domain
  if (cpuShares === undefined) {
    return { rule: 'unmanaged', cause: { kind: 'cpu-shares-unknown' } }
  }
  if (cpuShares === shares || ledger.shares.isAsRequested(domain.uuid, shares)) {
    return { rule: 'no-change', cause: { kind: 'cpu-shares-given', shares } }
  }
  return undefined
}
