import { describe, expect, it } from 'vitest'
import { shares } from '../../../../lib/ballooning/shares.ts'
import { autopilot } from '../../../../lib/control/autopilot.ts'
import type { Tick } from '../../../../lib/control/tick.ts'
import type { HostFacts } from '../../../../lib/fleet/report/host-facts.ts'
import { hostReport } from '../../../../lib/fleet/report/make-report.ts'
import { requirementKey } from '../../../../lib/fleet/report/requirement-key.ts'
import { CpuSet } from '../../../../lib/host/cpuset.ts'
import { simulate } from '../../../../lib/simulation/index.ts'
import { GiB, MiB } from '../../../../lib/util/units.ts'

const facts: HostFacts = {
  host: 'host-a',
  name: 'a',
  interval: 1_000,
  software: { ballast: '0.1.0' },
  reach: { uri: 'test://a', bandwidth: 1e8 },
  dryRun: false,
  guests: new Map(),
  migrations: [],
}

async function lastTick(ticks = 8): Promise<Tick> {
  const host = simulate({
    seed: 3,
    pcpus: 2,
    memory: 8 * GiB,
    domains: [
      {
        name: 'busy',
        vcpus: [{ load: { kind: 'spin' } }, { load: { kind: 'spin' } }],
        memory: { maximum: GiB },
      },
      { name: 'other', vcpus: [{ load: { kind: 'spin' } }], memory: { maximum: GiB, actual: 512 * MiB } },
      { name: 'paused', vcpus: [{}] },
    ],
    changes: [{ at: 10, domain: 'paused', kind: 'pause' }],
  })
  let last: Tick | undefined
  for await (const tick of autopilot(host, { interval: 1_000, ticks, ballooning: shares() })) last = tick
  return last!
}

describe('the report of a host', () => {
  it('has what its Tick shows', async () => {
    const tick = await lastTick()
    const busy = tick.view.domains[0]!
    const report = hostReport(tick, {
      ...facts,
      guests: new Map([
        [
          busy.uuid,
          { requirement: 'k1', stays: ['its owner'], labels: ['web'], priority: 1, dirtyRate: 5e6 },
        ],
      ]),
    })
    expect(report).toMatchObject({ host: 'host-a', name: 'a', wallTime: tick.wallTime, dryRun: false })
    expect(report.cpu).toMatchObject({ pcpus: 2, capacity: 2 })
    expect(report.memory).toMatchObject({
      total: tick.view.memory.total,
      committed: tick.view.memory.committed,
    })
    const [first, second, third] = report.guests
    expect(first).toMatchObject({
      uuid: busy.uuid,
      id: busy.id,
      name: 'busy',
      running: true,
      requirement: 'k1',
      stays: ['its owner'],
      labels: ['web'],
      priority: 1,
      cpu: { vcpus: 2 },
      memory: { maximum: GiB, dirtyRate: 5e6 },
    })
    // Three that compute without end on two pCPUs.
    expect(first!.cpu.demand).toBeGreaterThan(1.8)
    expect(first!.cpu.usage! + second!.cpu.usage!).toBeCloseTo(2, 1)
    expect(Math.max(first!.cpu.delay!, second!.cpu.delay!)).toBeGreaterThan(0.3)
    expect(second!.memory.actual).toBe(busyMemory(tick, 'other'))
    expect(second).toMatchObject({ stays: [], labels: [], requirement: undefined })
    expect(third).toMatchObject({ name: 'paused', running: false })
    expect(third!.cpu.demand).toBeUndefined()
  })

  it('leaves out what is not known, and survives JSON', async () => {
    const report = hostReport(await lastTick(1), facts)
    expect(report.guests[0]!.cpu.demand).toBeUndefined()
    expect(report.guests[0]!.cpu.delay).toBeUndefined()
    expect(report.guests[0]!.score).toEqual({})
    const read = JSON.parse(JSON.stringify(report))
    expect(report).toEqual(read)
    expect(JSON.stringify(report)).not.toContain('null')
  })
})

describe('the report of a host, figure by figure', () => {
  it('counts pCPUs that vCPUs may be placed on, by their capacity, and what other work takes of them', async () => {
    const tick = await lastTick(2)
    const [first, second] = tick.view.pcpus
    const view = {
      ...tick.view,
      online: CpuSet.of(0),
      pcpus: [
        { ...first!, capacity: 0.5, background: 0.2 },
        { ...second!, background: 1 },
      ],
    }
    expect(hostReport({ ...tick, view }, facts).cpu).toMatchObject({
      pcpus: 1,
      capacity: 0.5,
      background: 0.1,
    })
  })

  it('knows no demand of a guest of which a vCPU is not known', async () => {
    const tick = await lastTick()
    const [busy, ...others] = tick.view.domains
    const vcpus = busy!.vcpus.map((vcpu, i) => (i === 0 ? { ...vcpu, demand: undefined } : vcpu))
    const view = { ...tick.view, domains: [{ ...busy!, vcpus }, ...others] }
    const { cpu } = hostReport({ ...tick, view }, facts).guests[0]!
    expect(cpu.demand).toBeUndefined()
    expect(cpu.usage).toBeGreaterThan(0)
    expect(cpu.largest).toBeGreaterThan(0)
  })

  it('lets guests have no more than other programs leave of the host', async () => {
    const tick = await lastTick()
    const { total, reserve, committed } = tick.view.memory
    const [busy, ...others] = tick.view.domains
    const withOthers = (taken: number, reserved = 0) => {
      // All that its guests do not have, less what is taken.
      const resident = tick.view.domains.reduce((sum, { memory }) => sum + memory.rss!, 0)
      const available = total - resident - taken
      const memory = { ...tick.view.memory, available, reserved, budget: total - reserve - reserved }
      return hostReport({ ...tick, view: { ...tick.view, memory } }, facts).memory
    }
    expect(withOthers(0).budget).toBe(total - reserve)
    expect(withOthers(GiB).budget).toBe(total - reserve - GiB)
    expect(withOthers(GiB, MiB).budget).toBe(total - reserve - GiB - MiB)
    expect(withOthers(total).budget).toBe(-reserve)
    expect(withOthers(GiB).committed).toBe(committed)
    // What is available is not known everywhere.
    const memory = { ...tick.view.memory, available: undefined }
    const unknown = hostReport({ ...tick, view: { ...tick.view, memory } }, facts)
    expect(unknown.memory.budget).toBe(tick.view.memory.budget)
    // What a hypervisor has beside its guest is its overhead, and not known without both.
    const sized = (more: object) => {
      const domains = [{ ...busy!, memory: { ...busy!.memory, actual: GiB, ...more } }, ...others]
      return hostReport({ ...tick, view: { ...tick.view, domains } }, facts).guests[0]!.memory.overhead
    }
    expect(sized({ rss: GiB + 200 * MiB, target: 2 * GiB })).toBe(200 * MiB)
    expect(sized({ rss: GiB / 2 })).toBe(0)
    expect(sized({ rss: undefined })).toBeUndefined()
    expect(sized({ rss: GiB, actual: undefined })).toBeUndefined()
  })

  it('has as the need of a guest what no other can be given: use, growth and its margin, never more than it may have', async () => {
    const tick = await lastTick()
    const needOf = (inUse: number, burst: number) => {
      const need = { inUse, swapDebt: 0, burst, total: inUse + burst, growthPerSecond: 0 }
      const [busy, ...others] = tick.view.domains
      const domains = [{ ...busy!, memory: { ...busy!.memory, maximum: GiB, need } }, ...others]
      return hostReport({ ...tick, view: { ...tick.view, domains } }, facts).guests[0]!.memory.need
    }
    expect(needOf(300 * MiB, 50 * MiB)).toBe(450 * MiB)
    expect(needOf(900 * MiB, 50 * MiB)).toBe(GiB)
  })

  it('says that a guest swaps, what it was asked to have, and what it has of huge pages', async () => {
    const tick = await lastTick()
    const [busy, other, ...others] = tick.view.domains
    const memory = {
      ...other!.memory,
      actual: 512 * MiB,
      target: 700 * MiB,
      rss: undefined,
      hugePages: undefined,
      events: { swappedOut: MiB, majorFaultsPerSecond: 0, underPressure: true, oomKilled: false },
    }
    const hugePages = { ...busy!.memory, hugePages: GiB, rss: undefined }
    const view = {
      ...tick.view,
      domains: [{ ...busy!, memory: hugePages }, { ...other!, memory }, ...others],
      memory: {
        ...tick.view.memory,
        hugePages: [
          { cell: 0, pageSize: 2 * MiB, total: GiB, free: 10 * MiB },
          { cell: 1, pageSize: 2 * MiB, total: GiB, free: undefined },
        ],
      },
    }
    const report = hostReport({ ...tick, view }, facts)
    expect(report.guests[1]!.memory).toMatchObject({
      actual: 512 * MiB,
      committed: 700 * MiB,
      swapping: true,
    })
    expect(report.guests[0]!.memory).toMatchObject({ hugePages: GiB, committed: 0 })
    expect(report.memory.hugePagesFree).toBe(10 * MiB)
  })
})

function busyMemory({ view }: Tick, name: string): number | undefined {
  return view.domains.find((domain) => domain.name === name)?.memory.actual
}

describe('the key of a requirement', () => {
  const requirement = {
    architecture: 'x86_64',
    machine: 'pc-q35-7.2',
    cpu: undefined,
    storage: ['/b', '/a'],
    networks: ['br0'],
    hugePages: 0,
    immovable: [],
  }

  it('is the same for what is the same, in any order', () => {
    expect(requirementKey({ ...requirement, storage: ['/a', '/b'] })).toBe(requirementKey(requirement))
    expect(requirementKey(requirement)).toMatch(/^[0-9a-f]{32}$/)
  })

  it.each([
    ['machine', { machine: 'pc-q35-8.0' }],
    ['cpu', { cpu: '<cpu/>' }],
    ['storage', { storage: ['/a'] }],
    ['networks', { networks: [] }],
    ['hugePages', { hugePages: 1 }],
    ['immovable', { immovable: ['a device'] }],
  ])('is another with another %s', (_, part) => {
    expect(requirementKey({ ...requirement, ...part })).not.toBe(requirementKey(requirement))
  })
})
