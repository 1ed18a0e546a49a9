import { expect, it } from 'vitest'
import { expectCode, type Subject } from './subject.ts'

const nobody = '00000000-0000-4000-8000-000000000000'

export function metadataConformance(subject: () => Subject): void {
  it('is the element in Ballast’s namespace', async ({ skip }) => {
    const { host, described } = subject()
    if (!described) return skip('no domain of the subject has any')
    const { uuid } = await host.domain(described)
    expect(await host.domainMetadata(uuid)).toMatch(/^<(\w+:)?settings [^>]*shares=['"]2000['"][^>]*\/>\s*$/)
  })

  it('is undefined for a domain that has none, and an error for one that is not there', async () => {
    const { host, domain, described } = subject()
    const plain = (await host.domains()).find(({ name }) => name !== described)
    if (plain) expect(await host.domainMetadata(plain.uuid)).toBeUndefined()
    expect(plain?.name ?? described).toBe(domain)
    await expectCode(host.domainMetadata(nobody), 'ERR_NO_DOMAIN')
  })
}
