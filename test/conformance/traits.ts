import { expect, it } from 'vitest'
import { eventually, expectCode, type Subject } from './subject.ts'

const nobody = '00000000-0000-4000-8000-000000000000'

export function traitsConformance(subject: () => Subject): void {
  it('tell of the balloon device and of memory that is not pinned', async () => {
    const { host, domain } = subject()
    const { uuid } = await host.domain(domain)
    const traits = await host.domainTraits(uuid)
    expect(traits).toMatchObject({ balloon: 'virtio', pinnedMemory: undefined })
    expect(Object.keys(traits).toSorted()).toEqual(['balloon', 'pinnedMemory', 'statsPeriodSeconds'])
  })

  it('tell the statistics period that was set last', async ({ skip }) => {
    const { host, domain, can } = subject()
    if (!can.statistics) return skip('no guest reports in the subject')
    const { uuid } = await host.domain(domain)
    for (const [seconds, told] of [
      [3, 3],
      [0, undefined],
      [1, 1],
    ] as const) {
      await host.setMemoryStatsPeriod(uuid, seconds)
      await eventually(subject(), async () => {
        expect((await host.domainTraits(uuid)).statsPeriodSeconds).toBe(told)
      })
    }
  })

  it('are an error for a domain that is not there', async () => {
    await expectCode(subject().host.domainTraits(nobody), 'ERR_NO_DOMAIN')
  })
}
