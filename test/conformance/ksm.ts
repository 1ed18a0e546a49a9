import { expect, it } from 'vitest'
import { expectCode, type Subject } from './subject.ts'

export function ksmConformance(subject: () => Subject): void {
  it('tells the pace, and takes another where we may set it', async ({ skip }) => {
    const { host, can } = subject()
    const before = await host.ksm()
    if (!before) return skip('the subject has no same-page ksm')
    expect(before.pagesToScan).toBeGreaterThanOrEqual(0)
    expect(before.sleep).toBeGreaterThanOrEqual(0)
    expect(before.saved).toBeGreaterThanOrEqual(0)
    if (!can.ksm) return
    for (const pagesToScan of [before.pagesToScan + 7, before.pagesToScan]) {
      await host.setKsm({ pagesToScan, sleep: before.sleep })
      expect(await host.ksm()).toMatchObject({ pagesToScan, sleep: before.sleep })
    }
  })

  it('is not supported where the host has none', async ({ skip }) => {
    const { host } = subject()
    if (await host.ksm()) return skip('the subject has it')
    await expectCode(host.setKsm({ pagesToScan: 100, sleep: 20 }), 'ERR_NOT_SUPPORTED')
  })

  it('refuses a pace that cannot be', async ({ skip }) => {
    const { host, can } = subject()
    if (!can.ksm) return skip('the subject takes none at all')
    for (const wrong of [-1, 0.5, Number.NaN]) {
      await expectCode(host.setKsm({ pagesToScan: wrong, sleep: 20 }), 'ERR_INVALID_ARGUMENT')
      await expectCode(host.setKsm({ pagesToScan: 100, sleep: wrong }), 'ERR_INVALID_ARGUMENT')
    }
  })
}
