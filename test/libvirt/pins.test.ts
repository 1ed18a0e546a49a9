import { afterAll, describe, expect, it } from 'vitest'
import { CpuSet } from '../../lib/host/cpuset.ts'
import type { Host } from '../../lib/host/host.ts'
import { connect } from '../../lib/libvirt/connect.ts'
import { failureOf, libvirtFailureOf } from './failure.ts'
import { testNode } from './node-xml.ts'

const invalidArgument = 8

/** Every third pCPU and the last, so that no bit can stand for another. */
const scattered = (pcpus: number) =>
  CpuSet.from(
    Array.from({ length: pcpus }, (_, cpu) => cpu).filter((cpu) => cpu % 3 === 1 || cpu === pcpus - 1),
  )

describe.each([1, 8, 9, 31, 32, 33, 64, 65, 1000])('on a host of %i pCPUs', (pcpus) => {
  const all = CpuSet.range(0, pcpus - 1)
  const node = testNode(pcpus, [
    // What the XML says is what libvirt itself read: the decoding is compared with that, not with our encoding.
    { name: 'pinned', vcpus: 3, pins: { 0: `${scattered(pcpus)}`, 1: `${pcpus - 1}` } },
    { name: 'free', vcpus: 2 },
  ])
  afterAll(() => node.remove())

  it('knows its pCPUs', async () => {
    await using host = await connect(node.uri)
    expect(host.topology.cpuCount).toBe(pcpus)
    expect(`${host.topology.online}`).toBe(`${all}`)
    const sample = await host.sampleCpu()
    expect(sample.affinityWords).toBe(Math.ceil(pcpus / 32))
    expect(sample.pcpuBusy).toHaveLength(pcpus)
  })

  it('decodes the affinities that libvirt holds', async () => {
    await using host = await connect(node.uri)
    expect(await affinities(host)).toEqual({
      'pinned/0': `${scattered(pcpus)}`,
      'pinned/1': `${pcpus - 1}`,
      'pinned/2': `${all}`,
      'free/0': `${all}`,
      'free/1': `${all}`,
    })
  })

  it('encodes pins of one vCPU and leaves the others alone', async () => {
    await using host = await connect(node.uri)
    const { uuid } = await host.domain('free')
    const before = await affinities(host)
    const sets = [CpuSet.of(0), CpuSet.of(pcpus - 1), scattered(pcpus), all.minus(scattered(pcpus)), all]
    for (const cpus of sets.filter((set) => !set.isEmpty)) {
      await host.pinVcpu(uuid, 1, cpus)
      expect(await affinities(host)).toEqual({ ...before, 'free/1': `${cpus}` })
    }
  })

  it('refuses pCPUs that it does not have, and changes nothing', async () => {
    await using host = await connect(node.uri)
    const { uuid } = await host.domain('free')
    const before = await affinities(host)
    for (const cpus of [CpuSet.empty, CpuSet.of(pcpus), CpuSet.of(0, pcpus), CpuSet.of(65_535)]) {
      const error = await failureOf(host.pinVcpu(uuid, 0, cpus))
      expect(error.code).toBe('ERR_INVALID_ARGUMENT')
      expect(error.message).toMatch(/^Cannot pin vCPU 0 to .*; the host has 0/)
    }
    expect(await affinities(host)).toEqual(before)
  })

  it('refuses a vCPU that the domain does not have, in libvirt’s words', async () => {
    await using host = await connect(node.uri)
    const { uuid } = await host.domain('free')
    const before = await affinities(host)
    const error = await libvirtFailureOf(host.pinVcpu(uuid, 2, all))
    expect(error).toMatchObject({
      code: 'ERR_INVALID_ARGUMENT',
      libvirtCode: invalidArgument,
      call: 'virDomainPinVcpu',
      domainName: 'free',
    })
    expect(error.message).toMatch(/^virDomainPinVcpu of domain "free": .*vcpu/)
    expect(await affinities(host)).toEqual(before)
  })
})

/** The list of each vCPU's pCPUs by `domain/vcpu`; each vCPU is seen on one of them. */
async function affinities(host: Host): Promise<Record<string, string>> {
  const sample = await host.sampleCpu()
  const { affinity, affinityWords, vcpuStart } = sample
  const found: Record<string, string> = {}
  for (const [i, { name }] of sample.domains.entries()) {
    for (let row = vcpuStart[i]!; row < vcpuStart[i + 1]!; row++) {
      const cpus = CpuSet.fromWords(affinity.subarray(row * affinityWords, (row + 1) * affinityWords))
      expect(cpus.has(sample.pcpu[row]!)).toBe(true)
      found[`${name}/${sample.vcpu[row]}`] = `${cpus}`
    }
  }
  return found
}
