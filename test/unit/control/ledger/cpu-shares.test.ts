import { describe, expect, it } from 'vitest'
import { SharesLedger } from '../../../../lib/control/ledger/cpu-shares.ts'
import type { DomainView, View } from '../../../../lib/view/view.ts'

const domain = { uuid: 'a', name: 'a', id: 1 }

/** A View in which the domain has these. */
function seen(cpuShares: number): View {
  return { domains: [{ ...domain, cpuShares } as DomainView] } as unknown as View
}

function given(shares: number, before: number): SharesLedger {
  const ledger = new SharesLedger()
  ledger.applied(domain, shares, before)
  ledger.observe(seen(shares))
  return ledger
}

describe('cpu_shares that are no longer what Ballast made them', () => {
  it('may be set again when they are what they were and nobody asked libvirt for it: systemd reset them', () => {
    const ledger = given(300, 100)
    ledger.observe(seen(100))
    expect(ledger.check('a')).toBeUndefined()
    expect(ledger.isAsRequested('a', 300)).toBe(false)
  })

  it('are another program’s when libvirt told of the change, also one back to the original', () => {
    const ledger = given(300, 100)
    ledger.announced(domain, 100)
    ledger.observe(seen(100))
    expect(ledger.check('a')).toMatchObject({ rule: 'external-change' })
  })

  it('are another program’s when they are something else, however that was done', () => {
    const ledger = given(300, 100)
    ledger.observe(seen(250))
    expect(ledger.check('a')).toMatchObject({ cause: { kind: 'cpu-shares-external', shares: 250 } })
  })

  it('go back to the original, not to what Ballast gave in between', () => {
    const ledger = given(300, 100)
    ledger.announced(domain, 500)
    ledger.applied(domain, 500, 300)
    ledger.observe(seen(500))
    ledger.observe(seen(100))
    expect(ledger.check('a')).toBeUndefined()
  })
})
