import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Host } from '../../lib/host/host.ts'
import { CpuSource, DomainState, MemoryStatus } from '../../lib/host/sample.ts'
import { connect } from '../../lib/libvirt/connect.ts'
import { KiB } from '../../lib/util/units.ts'
import { testNode } from './node-xml.ts'

const count = 1_000
const vcpusOf = (domain: number) => 1 + (domain % 4)
const memoryOf = (domain: number) => 262_144 + domain

const node = testNode(
  64,
  Array.from({ length: count }, (_, i) => ({
    name: `guest-${i}`,
    vcpus: vcpusOf(i),
    memoryKiB: 524_288,
    currentMemoryKiB: memoryOf(i),
  })),
)
const names = Array.from({ length: count }, (_, i) => `guest-${i}`)

// The threads that read memory each read the node's file first: give them the time.
const options = { memoryDeadline: 60_000, callDeadline: 120_000 }

describe('a host of 64 pCPUs and 1,000 domains', () => {
  let host: Host
  beforeAll(async () => {
    host = await connect(node.uri, options)
  })
  afterAll(async () => {
    await host.close()
    node.remove()
  })

  it('has each domain once in each list', async () => {
    const { domains } = await host.sampleCpu()
    expect(domains.map(({ name }) => name)).toEqual(names)
    expect(new Set(domains.map(({ uuid }) => uuid)).size).toBe(count)
    expect(new Set(domains.map(({ id }) => id)).size).toBe(count)
    expect((await host.domains()).map(({ name }) => name)).toEqual(names)
    const found = await host.domain('guest-777')
    expect(found.uuid).toBe(domains[777]!.uuid)
    expect((await host.domain(found.uuid)).name).toBe('guest-777')
  })

  it('has every vCPU of every domain in the CPU sample', async () => {
    await host.sampleCpu()
    const sample = await host.sampleCpu()
    expect([...sample.state]).toEqual(Array(count).fill(DomainState.running))
    expect([...sample.source]).toEqual(Array(count).fill(CpuSource.libvirt))
    for (let i = 0; i < count; i++) {
      const rows = sample.vcpu.subarray(sample.vcpuStart[i], sample.vcpuStart[i + 1])
      expect([...rows]).toEqual(Array.from({ length: vcpusOf(i) }, (_, vcpu) => vcpu))
    }
    expect(sample.usage.every((usage) => usage >= 0 && usage <= 1)).toBe(true)
    expect(sample.delay.every(Number.isNaN)).toBe(true)
    expect(sample.affinity.every((word) => word === 0xffff_ffff)).toBe(true)
  })

  it('has every domain’s memory in its own row', async () => {
    const sample = await host.sampleMemory()
    expect(sample.domains.map(({ name }) => name)).toEqual(names)
    expect([...sample.status]).toEqual(Array(count).fill(MemoryStatus.fresh))
    expect([...sample.maximum]).toEqual(Array(count).fill(524_288 * KiB))
    expect([...sample.actual]).toEqual(names.map((_, i) => memoryOf(i) * KiB))
    expect(sample.host.total).toBe(128 * 1024 * 1024 * KiB)
    // A host that libvirt makes up: what the machine under it has free has nothing to do with it.
    expect(sample.host.free).toBeNaN()
    expect(sample.host.available).toBeNaN()
  })

  it('takes samples of both kinds at once, again and again', async () => {
    for (let turn = 0; turn < 5; turn++) {
      const [first, second, memory] = await Promise.all([
        host.sampleCpu(),
        host.sampleCpu(),
        host.sampleMemory(),
        host.domains(),
      ])
      expect(second.domains).toBe(first.domains)
      expect(memory.domains).toHaveLength(count)
    }
  })

  it('takes figures from libvirt alone when told to', async () => {
    await using remote = await connect('test:///default', { cpuSource: 'libvirt' })
    await remote.sampleCpu()
    const sample = await remote.sampleCpu()
    expect([...sample.source]).toEqual([CpuSource.libvirt])
    expect(sample.pcpuBusy).toHaveLength(remote.topology.cpuCount)
  })
})

describe('a host without a domain', () => {
  const empty = testNode(8, [])
  afterAll(() => empty.remove())

  it('has empty samples', async () => {
    await using host = await connect(empty.uri)
    for (let turn = 0; turn < 2; turn++) {
      const cpu = await host.sampleCpu()
      expect(cpu.domains).toEqual([])
      expect([...cpu.vcpuStart]).toEqual([0])
      expect(cpu.pcpuBusy).toHaveLength(8)
      expect((await host.sampleMemory()).domains).toEqual([])
    }
    expect(await host.domains()).toEqual([])
  })
})
