import { expect, it } from 'vitest'
import { CpuSet } from '../../lib/host/cpuset.ts'
import type { HostEvent } from '../../lib/host/host.ts'
import { affinityOf, eventually, expectCode, type Subject, vcpuRows } from './subject.ts'

export function pinConformance(subject: () => Subject): void {
  it('shows the affinity that a vCPU was pinned to, and the vCPU there', async () => {
    const { host, domain } = subject()
    const { uuid } = await host.domain(domain)
    const online = [...host.topology.online]
    for (const cpus of [CpuSet.of(online.at(-1)!), CpuSet.of(online[0]!), host.topology.online]) {
      await host.pinVcpu(uuid, 0, cpus)
      await eventually(subject(), async () => {
        const sample = await host.sampleCpu()
        expect(`${affinityOf(subject(), sample)}`).toBe(`${cpus}`)
        expect(cpus.has(sample.pcpu[vcpuRows(subject(), sample)[0]!]!)).toBe(true)
      })
    }
  })

  it('refuses what cannot be, and changes nothing', async () => {
    const { host, domain } = subject()
    const { uuid } = await host.domain(domain)
    const one = CpuSet.of(host.topology.pcpus[0]!.id)
    await host.pinVcpu(uuid, 0, one)
    const outside = CpuSet.of(host.topology.cpuCount + 1)
    await expectCode(host.pinVcpu(uuid, 0, CpuSet.empty), 'ERR_INVALID_ARGUMENT')
    await expectCode(host.pinVcpu(uuid, 0, outside), 'ERR_INVALID_ARGUMENT')
    await expectCode(host.pinVcpu(uuid, 0, host.topology.online.or(outside)), 'ERR_INVALID_ARGUMENT')
    for (const vcpu of [1_000, -1, 0.5, Number.NaN]) {
      await expectCode(host.pinVcpu(uuid, vcpu, host.topology.online), 'ERR_INVALID_ARGUMENT')
    }
    expect(`${affinityOf(subject(), await host.sampleCpu())}`).toBe(`${one}`)
  })

  it('tells what a vCPU is pinned to, and all pCPUs of one that is pinned to all that are online', async ({
    skip,
  }) => {
    const { host, domain } = subject()
    const { uuid } = await host.domain(domain)
    const one = CpuSet.of(host.topology.pcpus[0]!.id)
    await host.pinVcpu(uuid, 0, one)
    const pins = await host.vcpuPins(uuid)
    if (pins.size === 0) return skip('the subject does not tell')
    expect(`${pins.get(0)}`).toBe(`${one}`)
    await host.pinVcpu(uuid, 0, host.topology.online)
    const free = CpuSet.range(0, host.topology.cpuCount - 1)
    expect(`${(await host.vcpuPins(uuid)).get(0)}`).toBe(`${free}`)
    await expectCode(
      host.vcpuPins('00000000-0000-4000-8000-00000000dead'),
      'ERR_NO_DOMAIN',
      'ERR_DOMAIN_NOT_RUNNING',
    )
  })

  it('pins by the Domain as by the Host', async () => {
    const { host, domain } = subject()
    const one = CpuSet.of(host.topology.pcpus[0]!.id)
    await (await host.domain(domain)).pinVcpu(0, one)
    expect(`${affinityOf(subject(), await host.sampleCpu())}`).toBe(`${one}`)
  })

  it('tells of a pin for as long as somebody listens', async ({ skip }) => {
    const { host, domain, pass, can } = subject()
    if (!can.pinEvents) return skip('the subject does not tell of pins')
    const { uuid } = await host.domain(domain)
    const [first, last] = [
      CpuSet.of(host.topology.online.first!),
      CpuSet.of([...host.topology.online].at(-1)!),
    ]
    const heard: HostEvent[] = []
    const listen = (events: HostEvent[]) => host.subscribe((event) => events.push(event))
    const stopListening = listen(heard)
    await host.pinVcpu(uuid, 0, first)
    await eventually(subject(), () => {
      expect(heard).toContainEqual(
        expect.objectContaining({
          kind: 'vcpuPin',
          vcpu: 0,
          domain: expect.objectContaining({ uuid, name: domain }),
        }),
      )
    })
    const told = heard.findLast((event) => event.kind === 'vcpuPin')!
    expect(`${told.cpus}`).toBe(`${first}`)

    stopListening()
    const count = heard.length
    const others: HostEvent[] = []
    listen(others)
    await host.pinVcpu(uuid, 0, last)
    await eventually(subject(), () => expect(others.map(({ kind }) => kind)).toContain('vcpuPin'))
    await pass(200)
    expect(heard).toHaveLength(count)
  })
}
