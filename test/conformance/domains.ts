import { expect, it } from 'vitest'
import { CpuSet } from '../../lib/host/cpuset.ts'
import type { HostEvent } from '../../lib/host/host.ts'
import { KiB } from '../../lib/util/units.ts'
import { affinityOf, eventually, expectCode, rowOf, type Subject } from './subject.ts'

const nobody = '00000000-0000-4000-8000-000000000000'
const canonicalUuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

export function domainConformance(subject: () => Subject): void {
  it('finds a running domain by name and by UUID', async () => {
    const { host, domain } = subject()
    const listed = (await host.domains()).find(({ name }) => name === domain)!
    expect(listed.uuid).toMatch(canonicalUuid)
    for (const found of [await host.domain(domain), await host.domain(listed.uuid)]) {
      expect(found).toMatchObject({ name: domain, uuid: listed.uuid, id: listed.id, state: listed.state })
    }
  })

  it('lists the same domains as both samples do', async () => {
    const { host } = subject()
    const uuids = (domains: readonly { uuid: string }[]) => domains.map(({ uuid }) => uuid).sort()
    const listed = uuids(await host.domains())
    expect(uuids((await host.sampleCpu()).domains)).toEqual(listed)
    expect(uuids((await host.sampleMemory()).domains)).toEqual(listed)
  })

  it('says ERR_NO_DOMAIN of a domain that is not there', async () => {
    const { host } = subject()
    await expectCode(host.domain('nobody has this name'), 'ERR_NO_DOMAIN')
    await expectCode(host.domain(nobody), 'ERR_NO_DOMAIN')
    await expectCode(host.pinVcpu(nobody, 0, CpuSet.of(host.topology.pcpus[0]!.id)), 'ERR_NO_DOMAIN')
    await expectCode(host.setMemory(nobody, 1024 * KiB), 'ERR_NO_DOMAIN')
    await expectCode(host.setMemoryStatsPeriod(nobody, 1), 'ERR_NO_DOMAIN')
  })

  it('has a topology that fits together', () => {
    const { topology } = subject().host
    const ids = topology.pcpus.map(({ id }) => id)
    expect(ids.length).toBeGreaterThan(0)
    expect(ids).toEqual([...ids].sort((a, b) => a - b))
    expect(topology.online.equals(CpuSet.from(ids))).toBe(true)
    expect(topology.cpuCount).toBeGreaterThan(ids.at(-1)!)
    expect(topology.memory).toBeGreaterThan(0)
    for (const pcpu of topology.pcpus) expect(pcpu.siblings.has(pcpu.id)).toBe(true)
  })

  it('restarts a domain under a new id, with nothing known of its first interval', async ({ skip }) => {
    const { host, domain, restart, pass, can } = subject()
    if (!restart) return skip('the subject cannot restart a domain')
    const before = await host.sampleCpu()
    await pass(1_000)
    const old = before.domains[rowOf(subject(), before)]!
    const events: HostEvent[] = []
    host.subscribe((event) => events.push(event))
    await restart()

    await eventually(subject(), () => {
      const kinds = events.flatMap((event) => (event.kind === 'lifecycle' ? event.event : []))
      expect(kinds).toEqual(expect.arrayContaining(['stopped', 'started']))
    })
    const first = await host.sampleCpu()
    expect(first.domains).not.toBe(before.domains)
    const row = rowOf(subject(), first)
    expect(first.domains[row]).toMatchObject({ uuid: old.uuid, name: domain })
    expect(first.domains[row]!.id).not.toBe(old.id)
    const [start, end] = [first.vcpuStart[row]!, first.vcpuStart[row + 1]!]
    for (const usage of first.usage.subarray(start, end)) expect(usage).toBeNaN()
    for (const delay of first.delay.subarray(start, end)) expect(delay).toBeNaN()
    // What was meant for the run before is not done to this one.
    const meant = { uuid: old.uuid, id: old.id }
    const gone = ['ERR_NO_DOMAIN', 'ERR_DOMAIN_NOT_RUNNING']
    const one = CpuSet.of(host.topology.pcpus[0]!.id)
    const memory = await host.sampleMemory()
    const maximum = memory.maximum[rowOf(subject(), memory)]!
    await expectCode(host.pinVcpu(meant, 0, one), ...gone)
    await expectCode(host.setMemory(meant, maximum), ...gone)
    await expectCode(host.setMemoryStatsPeriod(meant, 1), ...gone)
    await host.pinVcpu(first.domains[row]!, 0, one)
    expect(`${affinityOf(subject(), await host.sampleCpu())}`).toBe(`${one}`)
    if (can.usage) {
      const others = [...first.usage].filter((_, vcpu) => vcpu < start || vcpu >= end)
      expect(others.filter(Number.isNaN)).toEqual([])
    }
  })

  it('forgets a domain that has ended', async ({ skip }) => {
    const { host, domain, stop } = subject()
    if (!stop) return skip('the subject cannot end a domain')
    const { uuid } = await host.domain(domain)
    const before = await host.sampleCpu()
    await stop()

    const after = await eventually(subject(), async () => {
      const sample = await host.sampleCpu()
      expect(sample.domains.map(({ name }) => name)).not.toContain(domain)
      return sample
    })
    expect(after.domains).not.toBe(before.domains)
    expect(after.vcpuStart).toHaveLength(after.domains.length + 1)
    expect((await host.sampleMemory()).domains.map(({ name }) => name)).not.toContain(domain)
    await expectCode(host.domain(domain), 'ERR_NO_DOMAIN')
    const gone = ['ERR_NO_DOMAIN', 'ERR_DOMAIN_NOT_RUNNING']
    await expectCode(host.pinVcpu(uuid, 0, CpuSet.of(host.topology.pcpus[0]!.id)), ...gone)
    await expectCode(host.setMemory(uuid, 1024 * KiB), ...gone)
  })

  it('rejects every call with ERR_ALREADY_CLOSED once it is closed, however often', async () => {
    const { host, domain } = subject()
    const { uuid } = await host.domain(domain)
    await host.close()
    await host.close()
    await host[Symbol.asyncDispose]()
    const calls = [
      host.domains(),
      host.domain(domain),
      host.sampleCpu(),
      host.sampleMemory(),
      host.pinVcpu(uuid, 0, CpuSet.of(host.topology.pcpus[0]!.id)),
      host.setMemory(uuid, 1024 * KiB),
      host.setMemoryStatsPeriod(uuid, 1),
    ]
    for (const call of await Promise.allSettled(calls)) {
      expect(call).toMatchObject({ status: 'rejected', reason: { code: 'ERR_ALREADY_CLOSED' } })
    }
  })

  it('ends while a sample is under way', async () => {
    const { host } = subject()
    const samples = Promise.allSettled([host.sampleCpu(), host.sampleMemory()])
    await host.close()
    for (const sample of await samples) {
      if (sample.status === 'rejected') expect(sample.reason).toMatchObject({ code: 'ERR_ALREADY_CLOSED' })
    }
    await expectCode(host.sampleCpu(), 'ERR_ALREADY_CLOSED')
  })
}
