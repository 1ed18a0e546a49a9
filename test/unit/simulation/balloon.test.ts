import { describe, expect, it } from 'vitest'
import type { HostEvent } from '../../../lib/host/host.ts'
import { simulate } from '../../../lib/simulation/index.ts'
import { GiB, MiB } from '../../../lib/util/units.ts'
import { oneGuest } from './one-guest.ts'

const squeezed = { maximum: 1 * GiB, program: { size: 440 * MiB } }

describe('a balloon', () => {
  it('accepts a size and does not move while the guest is paused, then does', async () => {
    const { host, guest, levels } = await oneGuest({ maximum: 1 * GiB }, [
      { at: 1_000, kind: 'pause' },
      { at: 10_000, kind: 'resume' },
    ])
    await host.clock.sleepUntil(2_000)
    await guest.setMemory(768 * MiB)
    await host.clock.sleepUntil(10_000)
    expect((await levels()).actual).toBe(1 * GiB)
    await host.clock.sleepUntil(12_000)
    expect((await levels()).actual).toBe(768 * MiB)
  })

  it('without a driver accepts and never moves; without a device refuses', async () => {
    const silent = await oneGuest({ balloon: 'no-driver' })
    await silent.guest.setMemory(256 * MiB)
    await silent.host.clock.sleepUntil(60_000)
    expect((await silent.levels()).actual).toBe(1 * GiB)
    const none = await oneGuest({ balloon: 'no-device' })
    await expect(none.guest.setMemory(256 * MiB)).rejects.toMatchObject({ code: 'ERR_NOT_SUPPORTED' })
    await expect(none.guest.setMemoryStatsPeriod(1)).rejects.toMatchObject({ code: 'ERR_NOT_SUPPORTED' })
  })

  it('gives the host nothing back while its memory is pinned, and tells so', async () => {
    const { host, guest, levels } = await oneGuest({ pinned: 'locked' })
    const before = (await levels()).rss
    await guest.setMemory(256 * MiB)
    await host.clock.sleepUntil(60_000)
    expect(await levels()).toMatchObject({ actual: 256 * MiB, rss: before })
    expect(await host.domainTraits(guest.uuid)).toEqual({
      balloon: 'virtio',
      statsPeriodSeconds: undefined,
      pinnedMemory: 'locked',
    })
    const without = await oneGuest({ balloon: 'no-device' })
    expect((await without.host.domainTraits(without.guest.uuid)).balloon).toBe('none')
  })

  it('on huge pages comes from the pool of the host, and is not resident, as Linux shows it', async () => {
    const { host, guest } = await oneGuest({ pinned: 'huge pages' })
    const ordinary = await oneGuest({ pinned: 'locked' })
    const [sample, other] = [await host.sampleMemory(), await ordinary.host.sampleMemory()]
    expect(sample.host).toMatchObject({ total: other.host.total, free: other.host.free })
    expect(sample.host.hugePages).toEqual([{ cell: 0, pageSize: 2 * MiB, total: 1 * GiB, free: 0 }])
    expect(other.host.hugePages).toEqual([])
    expect([sample.hugePages[0], other.hugePages[0]]).toEqual([1 * GiB, 0])
    expect(sample.rss[0]).toBe(other.rss[0]! - 1 * GiB)
    expect(await host.domainTraits(guest.uuid)).toMatchObject({ hugePages: 1 * GiB })
  })

  it('shows a pool by cell, used or not', async () => {
    const pcpus = { sockets: 2, cores: 1 }
    const host = simulate({
      pcpus,
      hugePages: 3 * GiB,
      domains: [{ name: 'a', memory: { pinned: 'huge pages' } }],
    })
    const { hugePages } = (await host.sampleMemory()).host
    expect(hugePages).toMatchObject([0, 1].map((cell) => ({ cell, total: 1.5 * GiB, free: 1 * GiB })))
    expect(() =>
      simulate({ pcpus, hugePages: 1, domains: [{ name: 'a', memory: { pinned: 'huge pages' } }] }),
    ).toThrow(/hugePages/)
  })

  it('puts no pressure on the host before it has more in use than it has', async () => {
    const pressureOf = async (memory: number) => {
      const host = simulate({ pcpus: 2, memory, domains: [{ name: 'a', memory: { pinned: 'locked' } }] })
      return (await host.sampleMemory()).host.pressure
    }
    expect(await pressureOf(2 * GiB)).toBe(0)
    // 1,024 MiB, 96 of QEMU and 384 of the host's own.
    expect(await pressureOf(1.25 * GiB)).toBeCloseTo(1 - 1_280 / 1_504)
  })

  it('stops above what the guest uses, and harms nothing', async () => {
    const { host, guest, levels, truth } = await oneGuest(squeezed)
    await guest.setMemory(300 * MiB)
    await host.clock.sleepUntil(20_000)
    const stopped = (await levels()).actual
    expect(stopped).toBeGreaterThan(440 * MiB)
    await host.clock.sleepUntil(40_000)
    expect((await levels()).actual).toBe(stopped)
    expect(truth()).toMatchObject({ programsKilled: 0, swapped: 0, held: 440 * MiB })
  })

  it('goes further with a swap disk, and touching swaps for ever', async () => {
    const { host, guest, levels, truth } = await oneGuest({
      ...squeezed,
      program: { size: 440 * MiB, touch: 400 * MiB },
      swap: 'disk',
    })
    await guest.setMemoryStatsPeriod(1)
    await guest.setMemory(300 * MiB)
    await host.clock.sleepUntil(20_000)
    const then = await levels()
    expect(then.actual).toBe(300 * MiB)
    expect(truth().swapped).toBeGreaterThan(150 * MiB)
    await host.clock.sleepUntil(30_000)
    expect(((await levels()).swapOut - then.swapOut) / MiB).toBeCloseTo(320, -1)
    await guest.setMemory(1 * GiB)
    await host.clock.sleepUntil(60_000)
    expect(truth().programsKilled).toBe(0)
    expect(truth().swapped).toBeLessThan(1 * MiB)
  })

  it('tells its size at most once a second while it moves, and where it ends', async () => {
    const { host, guest } = await oneGuest({ maximum: 1 * GiB, program: { size: 900 * MiB } }, [
      { at: 500, kind: 'program', program: { size: 0 } },
    ])
    const told: { time: number; actual: number }[] = []
    host.subscribe((event: HostEvent) => {
      if (event.kind === 'balloon') told.push({ time: host.clock.now(), actual: event.actual })
    })
    await host.clock.sleepUntil(2_000)
    await guest.setMemory(256 * MiB)
    await host.clock.sleepUntil(20_000)
    expect(told.length).toBeGreaterThan(1)
    expect(told.at(-1)!.actual).toBe(256 * MiB)
    for (const [i, { time }] of told.entries())
      if (i > 0) expect(time - told[i - 1]!.time).toBeGreaterThanOrEqual(1_000)
  })

  it('gives the host back what it takes; freeing in the guest does not', async () => {
    const { host, guest, levels } = await oneGuest({ maximum: 1 * GiB, program: { size: 800 * MiB } }, [
      { at: 1_000, kind: 'program', program: { size: 0 } },
    ])
    const full = await host.sampleMemory()
    await host.clock.sleepUntil(5_000)
    expect((await levels()).rss).toBe(full.rss[0])
    await guest.setMemory(256 * MiB)
    await host.clock.sleepUntil(10_000)
    const after = await host.sampleMemory()
    expect(after.rss[0]).toBeLessThan(full.rss[0]! - 500 * MiB)
    expect(after.host.free - full.host.free).toBe(full.rss[0]! - after.rss[0]!)
  })
})
