import { describe, expect, it } from 'vitest'
import { CpuSet } from '../../../lib/host/cpuset.ts'
import { DomainState, MemoryStatus } from '../../../lib/host/sample.ts'
import { type Scenario, simulate } from '../../../lib/simulation/index.ts'
import { MiB } from '../../../lib/util/units.ts'

/** Two guests; the QEMU of the first is stopped from 5 s to 60 s. */
async function withAStuckGuest(options: Partial<Scenario> = {}) {
  const host = simulate({
    pcpus: 2,
    domains: [
      { name: 'stuck', vcpus: [{ load: { kind: 'spin' } }] },
      { name: 'sound', vcpus: [{ load: { kind: 'spin' } }] },
    ],
    changes: [
      { at: 5_000, domain: 'stuck', kind: 'stick' },
      { at: 60_000, domain: 'stuck', kind: 'unstick' },
    ],
    ...options,
  })
  const guests = await host.domains()
  for (const guest of guests) await guest.setMemoryStatsPeriod(1)
  await host.clock.sleepUntil(10_000)
  return { host, stuck: guests[0]!, sound: guests[1]! }
}

describe('a guest whose QEMU is stopped', () => {
  it('delays no CPU sample; it is running and does nothing', async () => {
    const { host } = await withAStuckGuest()
    await host.sampleCpu()
    await host.clock.sleepUntil(11_000)
    const sample = await host.sampleCpu()
    expect(host.clock.now()).toBe(11_000)
    expect(sample.state[0]).toBe(DomainState.running)
    expect([sample.usage[0], sample.delay[0]]).toEqual([0, 0])
    expect(sample.usage[1]).toBeGreaterThan(0.95)
  })

  it('delays one memory sample by the deadline and later ones not; its neighbour is fresh', async () => {
    const { host } = await withAStuckGuest({ memoryDeadline: 700 })
    const first = await host.sampleMemory()
    expect(first.time).toBe(10_700)
    expect([...first.status]).toEqual([MemoryStatus.stuck, MemoryStatus.fresh])
    expect(first.actual[0]).toBe(1024 * MiB)
    expect(first.maximum[0]).toBe(1024 * MiB)
    for (const column of [first.unused, first.available, first.rss, first.lastUpdate]) {
      expect(column[0]).toBeNaN()
      expect(column[1]).not.toBeNaN()
    }
    expect((await host.sampleMemory()).time).toBe(10_700)
    await host.clock.sleepUntil(62_000)
    expect([...(await host.sampleMemory()).status]).toEqual([MemoryStatus.fresh, MemoryStatus.fresh])
  })

  it('lets a memory sample end as soon as it answers', async () => {
    const { host } = await withAStuckGuest({ memoryDeadline: 5_000 })
    await host.clock.sleepUntil(58_000)
    const sample = await host.sampleMemory()
    expect(sample.time).toBeLessThanOrEqual(60_002)
    expect([...sample.status]).toEqual([MemoryStatus.fresh, MemoryStatus.fresh])
  })

  it('does not hold up the time of others while one waits for it', async () => {
    const { host } = await withAStuckGuest({ memoryDeadline: 1_000 })
    const memory = host.sampleMemory()
    const cpu = await host.sampleCpu()
    expect(cpu.time).toBe(10_000)
    await host.clock.sleepUntil(10_400)
    expect(host.clock.now()).toBe(10_400)
    expect((await memory).time).toBe(11_000)
  })

  it("times calls out at the deadline, and carries them out if it answers within libvirt's patience", async () => {
    const { host, stuck, sound } = await withAStuckGuest({ callDeadline: 4_000 })
    await expect(stuck.setMemory(512 * MiB)).rejects.toMatchObject({ code: 'ERR_TIMEOUT' })
    expect(host.clock.now()).toBe(14_000)
    await sound.setMemory(512 * MiB)
    expect(host.clock.now()).toBe(14_000)
    await host.clock.sleepUntil(50_000)
    await expect(stuck.pinVcpu(0, CpuSet.of(1))).rejects.toMatchObject({ code: 'ERR_TIMEOUT' })
    await host.clock.sleepUntil(64_000)
    const [cpu, memory] = [await host.sampleCpu(), await host.sampleMemory()]
    expect(cpu.affinity[0]).toBe(0b10)
    expect([...memory.actual]).toEqual([1024 * MiB, 512 * MiB])
  })

  it('is busy once libvirt itself has given up', async () => {
    const { host, stuck } = await withAStuckGuest({ callDeadline: 60_000 })
    await expect(stuck.pinVcpu(0, CpuSet.of(1))).rejects.toMatchObject({ code: 'ERR_DOMAIN_BUSY' })
    expect(host.clock.now()).toBe(40_000)
  })

  it('lets a call end well when it answers in time, and fail when it ends instead', async () => {
    const answering = await withAStuckGuest({ callDeadline: 60_000 })
    await answering.host.clock.sleepUntil(50_000)
    await answering.stuck.setMemory(512 * MiB)
    expect(answering.host.clock.now()).toBeLessThanOrEqual(60_002)

    const ending = await withAStuckGuest({
      changes: [
        { at: 5_000, domain: 'stuck', kind: 'stick' },
        { at: 12_000, domain: 'stuck', kind: 'stop' },
      ],
    })
    await expect(ending.stuck.setMemory(512 * MiB)).rejects.toMatchObject({ code: 'ERR_NO_DOMAIN' })
    await expect(ending.stuck.setMemory(512 * MiB)).rejects.toMatchObject({ code: 'ERR_DOMAIN_NOT_RUNNING' })
  })
})
