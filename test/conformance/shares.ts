import { expect, it } from 'vitest'
import type { HostEvent } from '../../lib/host/host.ts'
import { eventually, expectCode, type Subject } from './subject.ts'

const nobody = '00000000-0000-4000-8000-000000000000'

export function sharesConformance(subject: () => Subject): void {
  it('are what was set last, and told', async ({ skip }) => {
    const { host, domain, can } = subject()
    if (!can.cpuShares) return skip('the subject has no cgroups')
    const { uuid } = await host.domain(domain)
    const before = await host.cpuShares(uuid)
    expect(before).toBeGreaterThan(0)
    const heard: HostEvent[] = []
    host.subscribe((event) => heard.push(event))
    for (const shares of [before * 3, before]) {
      await host.setCpuShares(uuid, shares)
      expect(await host.cpuShares(uuid)).toBe(shares)
      await eventually(subject(), () => {
        const told = heard.findLast((event) => event.kind === 'cpuShares')
        expect(told).toMatchObject({ shares, domain: { uuid } })
      })
    }
  })

  it('are not supported, neither read nor set, where the host has none', async ({ skip }) => {
    const { host, domain, can } = subject()
    if (can.cpuShares) return skip('the subject has them')
    const { uuid } = await host.domain(domain)
    await expectCode(host.cpuShares(uuid), 'ERR_NOT_SUPPORTED')
    // libvirt's test driver stumbles over the flag before it comes to the name.
    await expectCode(host.setCpuShares(uuid, 2_048), 'ERR_NOT_SUPPORTED', 'ERR_INVALID_ARGUMENT')
  })

  it('refuse what is no weight, and a domain that is not there', async () => {
    const { host, domain } = subject()
    const { uuid } = await host.domain(domain)
    for (const shares of [0, -1, 1.5, Number.NaN]) {
      await expectCode(host.setCpuShares(uuid, shares), 'ERR_INVALID_ARGUMENT')
    }
    await expectCode(host.cpuShares(nobody), 'ERR_NO_DOMAIN')
    await expectCode(host.setCpuShares(nobody, 2_048), 'ERR_NO_DOMAIN')
  })
}
