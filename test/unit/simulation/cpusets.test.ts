import { describe, expect, it } from 'vitest'
import { CpuSet } from '../../../lib/host/cpuset.ts'
import type { Host } from '../../../lib/host/host.ts'
import { type Change, type Scenario, simulate } from '../../../lib/simulation/index.ts'

const second = 1_000

/** Guests that spin, pinned as told, on a host of four pCPUs. */
function host(affinities: readonly string[], changes: readonly Change[], more: Partial<Scenario> = {}) {
  const domains = affinities.map((affinity, i) => ({
    name: `g${i}`,
    vcpus: [{ affinity, load: { kind: 'spin' } as const }],
  }))
  return simulate({ pcpus: 4, domains, changes, ...more })
}

/** What the kernel lets each guest run on, `after` so many milliseconds. */
async function affinities(host: Host, after: number): Promise<string[]> {
  await host.clock.sleepUntil(after)
  const { affinity, vcpu } = await host.sampleCpu()
  return Array.from(vcpu, (_, row) => `${CpuSet.fromWords(affinity.subarray(row, row + 1))}`)
}

async function pinsOf(host: Host): Promise<string[]> {
  const domains = await host.domains()
  return Promise.all(domains.map(async ({ uuid }) => `${(await host.vcpuPins(uuid)).get(0)}`))
}

const off: Change = { at: second, kind: 'offline', pcpu: 3 }
const on: Change = { at: 2 * second, kind: 'online', pcpu: 3 }

describe('a pCPU that goes offline and comes back', () => {
  it('leaves the topology, and nothing runs there', async () => {
    const one = host(['any', 'any', 'any', 'any', '3'], [off, on])
    await one.clock.sleepUntil(second + 1)
    expect(`${one.topology.online}`).toBe('0-2')
    expect(one.topology.pcpus).toHaveLength(3)
    expect(`${one.topology.cells[0]!.cpus}`).toBe('0-2')
    await one.sampleCpu()
    await one.clock.sleepUntil(2 * second)
    const { pcpu, pcpuBusy } = await one.sampleCpu()
    expect([...pcpu]).not.toContain(3)
    expect(pcpuBusy[3]).toBeNaN()
    await one.clock.sleepUntil(2 * second + 1)
    expect(`${one.topology.online}`).toBe('0-3')
  })

  it('is given back to those that were pinned to it, under v2', async () => {
    const one = host(['3', '2-3', 'any'], [off, on])
    expect(await affinities(one, second + 1)).toEqual(['0-2', '2', '0-2'])
    expect(await pinsOf(one)).toEqual(['3', '2-3', '0-3'])
    expect(await affinities(one, 2 * second + 1)).toEqual(['3', '2-3', '0-3'])
  })

  it('is lost to all guests under v1', async () => {
    const one = host(['3', '2-3', 'any'], [off, on], { cgroups: 'v1' })
    expect(await affinities(one, second + 1)).toEqual(['0-2', '2', '0-2'])
    expect(await affinities(one, 2 * second + 1)).toEqual(['0-2', '2', '0-2'])
  })
})

describe('a pin outside of what can be used', () => {
  const narrow = { cpuset: '0-1' }

  it('is refused under v2, stays written, and bites when the cpuset is widened', async () => {
    const one = host(['0'], [{ at: second, kind: 'cpuset', cpus: 'any' }], narrow)
    const { uuid } = await one.domain('g0')
    const refusal = one.pinVcpu(uuid, 0, CpuSet.of(3))
    await expect(refusal).rejects.toMatchObject({ code: 'ERR_PCPU_UNUSABLE' })
    expect(await affinities(one, 1)).toEqual(['0'])
    expect(await pinsOf(one)).toEqual(['0'])
    expect(await affinities(one, second + 1)).toEqual(['3'])
    expect(await pinsOf(one)).toEqual(['0'])
  })

  it('does not bite where the pin before was set again', async () => {
    const one = host(['0'], [{ at: second, kind: 'cpuset', cpus: 'any' }], narrow)
    const { uuid } = await one.domain('g0')
    await one.pinVcpu(uuid, 0, CpuSet.of(3)).catch(() => undefined)
    await one.pinVcpu(uuid, 0, CpuSet.of(0))
    expect(await affinities(one, second + 1)).toEqual(['0'])
  })

  it('changes nothing under v1, which refuses one that is partly outside too', async () => {
    const one = host(['0'], [{ at: second, kind: 'cpuset', cpus: 'any' }], { ...narrow, cgroups: 'v1' })
    const { uuid } = await one.domain('g0')
    for (const cpus of [CpuSet.of(3), CpuSet.of(1, 2)]) {
      await expect(one.pinVcpu(uuid, 0, cpus)).rejects.toMatchObject({ code: 'ERR_PCPU_UNUSABLE' })
    }
    expect(await affinities(one, second + 1)).toEqual(['0'])
  })

  it('is taken where a part of it can be used, under v2', async () => {
    const one = host(['0'], [{ at: second, kind: 'cpuset', cpus: 'any' }], narrow)
    const { uuid } = await one.domain('g0')
    await one.pinVcpu(uuid, 0, CpuSet.of(1, 2))
    expect(await affinities(one, 1)).toEqual(['1'])
    expect(await affinities(one, second + 1)).toEqual(['1-2'])
  })
})

it('a cpuset that is narrowed takes guests with it', async () => {
  const one = host(['3', 'any'], [{ at: second, kind: 'cpuset', cpus: '0-1' }])
  expect(await affinities(one, second + 1)).toEqual(['0-1', '0-1'])
})

it('cpusets are in the samples of a local host, and unknown of a remote one', async () => {
  const { cpuset } = await host(['any'], [], { cpuset: '0-1' }).sampleCpu()
  expect([...cpuset!]).toEqual([0b11])
  expect((await host(['any'], [], { remote: true }).sampleCpu()).cpuset).toBeUndefined()
})

it('refuses changes that cannot be', () => {
  const mistake = (change: Change, more: Partial<Scenario> = {}) => expect(() => host([], [change], more))
  mistake(on).toThrow('changes[0].pcpu')
  mistake({ at: 0, kind: 'offline', pcpu: 4 }).toThrow('changes[0].pcpu')
  mistake({ at: 0, kind: 'cpuset', cpus: '9' }).toThrow('changes[0].cpus')
  mistake(off, { offline: '0-2' }).toThrow('not the last pCPU')
  mistake(off, { offline: 'any' }).toThrow('offline')
  mistake(off, { cgroups: 'v3' as 'v2' }).toThrow('cgroups')
})
