import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { HostEvent } from '../../../lib/host/host.ts'
import {
  type DomainChange,
  type MemoryScenario,
  type SimulatedHost,
  scenarios,
  simulate,
} from '../../../lib/simulation/index.ts'
import { GiB, MiB } from '../../../lib/util/units.ts'
import { runs } from '../../support/runs.ts'

type ChangeOfGuest = DomainChange extends infer C
  ? C extends DomainChange
    ? Omit<C, 'domain'>
    : never
  : never

/** One guest, named `guest`, that reports each second. */
async function oneGuest(memory: MemoryScenario, changes: readonly ChangeOfGuest[] = []) {
  const host = simulate({
    pcpus: 2,
    domains: [{ name: 'guest', memory }],
    changes: changes.map((change): DomainChange => ({ ...change, domain: 'guest' })),
  })
  const guest = await host.domain('guest')
  return { host, guest, levels: () => levelsOf(host), truth: () => host.truth(guest.uuid)! }
}

async function levelsOf(host: SimulatedHost) {
  const sample = await host.sampleMemory()
  const [actual, available, unused, usable, swapOut, rss, lastUpdate] = [
    sample.actual[0]!,
    sample.available[0]!,
    sample.unused[0]!,
    sample.usable[0]!,
    sample.swapOut[0]!,
    sample.rss[0]!,
    sample.lastUpdate[0]!,
  ]
  return { actual, available, unused, usable, swapOut, rss, lastUpdate }
}

const squeezed = { maximum: 1 * GiB, program: { size: 440 * MiB } }

describe('what a kernel keeps to itself', () => {
  it('is not usable, and free all the same', async () => {
    const { host, guest, levels } = await oneGuest({ maximum: 512 * MiB, cache: 0, reserve: 70 * MiB })
    await guest.setMemoryStatsPeriod(1)
    await host.clock.sleepUntil(3_000)
    const { unused, usable } = await levels()
    expect(unused - usable).toBe(70 * MiB)
  })
})

describe('what the programs of the host hold', () => {
  it('is not there for its guests, from when on it is held', async () => {
    const changes = [{ at: 5_000, kind: 'hostPrograms', bytes: 2 * GiB } as const]
    const host = simulate({ pcpus: 1, memory: 4 * GiB, domains: [], changes })
    const available = async () => (await host.sampleMemory()).host.available
    expect(await available()).toBe(4 * GiB - 384 * MiB)
    await host.clock.sleepUntil(6_000)
    expect(await available()).toBe(2 * GiB)
  })
})

describe('statistics', () => {
  it('are but actual and rss until a period is set, and again after a restart', async () => {
    const { host, guest, levels } = await oneGuest({ maximum: 512 * MiB }, [{ at: 10_000, kind: 'restart' }])
    await host.clock.sleepUntil(5_000)
    const silent = await levels()
    expect(silent).toMatchObject({ actual: 512 * MiB, unused: Number.NaN, lastUpdate: Number.NaN })
    expect(silent.rss).toBeGreaterThan(0)
    await guest.setMemoryStatsPeriod(1)
    await host.clock.sleepUntil(7_000)
    expect((await levels()).unused).toBeGreaterThan(0)
    await host.clock.sleepUntil(30_000)
    expect((await levels()).unused).toBeNaN()
  })

  it('come once per period, stamped in whole seconds, and stop with period 0', async () => {
    const { host, guest, levels } = await oneGuest({})
    await host.clock.sleepUntil(300)
    await guest.setMemoryStatsPeriod(5)
    const stamps = new Set<number>()
    for (let time = 400; time <= 20_900; time += 100) {
      await host.clock.sleepUntil(time)
      const { lastUpdate } = await levels()
      if (!Number.isNaN(lastUpdate)) stamps.add(lastUpdate)
    }
    const origin = host.clock.wallTime() - host.clock.now()
    expect([...stamps].map((stamp) => stamp - origin)).toEqual([5_000, 10_000, 15_000, 20_000])
    await guest.setMemoryStatsPeriod(0)
    await host.clock.sleepUntil(60_000)
    expect((await levels()).lastUpdate - origin).toBe(20_000)
  })

  it('age while the guest is paused', async () => {
    const { host, guest, levels } = await oneGuest({}, [{ at: 3_500, kind: 'pause' }])
    await guest.setMemoryStatsPeriod(1)
    await host.clock.sleepUntil(20_000)
    expect(host.clock.wallTime() - (await levels()).lastUpdate).toBeGreaterThanOrEqual(16_000)
  })

  it('never come without a driver', async () => {
    const { host, guest, levels } = await oneGuest({ balloon: 'no-driver' })
    await guest.setMemoryStatsPeriod(1)
    await host.clock.sleepUntil(5_000)
    expect(await levels()).toMatchObject({ unused: Number.NaN, lastUpdate: Number.NaN })
  })
})

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

describe('always', () => {
  it('sizes stay within each other, whatever is asked', async () => {
    const size = fc.integer({ min: 1, max: 1024 }).map((mib) => mib * MiB)
    const turn = fc.record({ target: size, program: size, wait: fc.integer({ min: 100, max: 4_000 }) })
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('none' as const, 'disk' as const, 'zram' as const),
        fc.array(turn, { minLength: 1, maxLength: 6 }),
        async (swap, turns) => {
          let at = 0
          const changes = turns.map(({ program, wait }): ChangeOfGuest => {
            at += wait
            return { at, kind: 'program', program: { size: program, rate: 300 * MiB } }
          })
          const { host, guest, truth } = await oneGuest({ swap }, changes)
          await guest.setMemoryStatsPeriod(1)
          for (const { target, wait } of turns) {
            const before = (await levelsOf(host)).actual
            await guest.setMemory(target)
            await host.clock.sleepUntil(host.clock.now() + wait)
            const { actual, available, unused, usable, rss } = await levelsOf(host)
            expect(actual).toBeGreaterThanOrEqual(Math.min(before, target))
            expect(actual).toBeLessThanOrEqual(Math.max(before, target))
            expect(actual % 1024).toBe(0)
            expect(rss).toBeLessThanOrEqual(actual + 96 * MiB)
            if (Number.isNaN(unused)) continue
            for (const level of [unused, usable]) {
              expect(level).toBeGreaterThanOrEqual(0)
              expect(level).toBeLessThanOrEqual(Math.max(0, available))
            }
            const { held, swapped } = truth()
            expect(swapped).toBeLessThanOrEqual(held)
            if (swap === 'none') expect(swapped).toBe(0)
            if (swap === 'disk') expect(held - swapped).toBeLessThanOrEqual(actual)
          }
        },
      ),
      { numRuns: runs(60) },
    )
  })

  it('a program that outgrows its guest is killed, unless there is swap', async () => {
    for (const [swap, killed] of [
      ['none', 1],
      ['disk', 0],
      ['zram', 1],
    ] as const) {
      const { host, truth } = await oneGuest({
        maximum: 512 * MiB,
        swap,
        program: { size: 900 * MiB, rate: 50 * MiB },
      })
      await host.clock.sleepUntil(60_000)
      expect(truth().programsKilled, swap).toBe(killed)
    }
  })

  it('the growing guests of the memory cases die when nobody helps, and live when somebody does', async () => {
    for (const make of [scenarios.M1, scenarios.M2, scenarios.M3, scenarios.M4]) {
      expect(await killedIn(make(), 0)).toBeGreaterThan(0)
      expect(await killedIn(make(), 64 * MiB)).toBe(0)
    }
  })
})

/** Programs killed in a memory case when each second every guest is brought to 160 MiB unused in steps of no more than `step`. */
async function killedIn(scenario: Parameters<typeof simulate>[0], step: number): Promise<number> {
  const host = simulate(scenario)
  const guests = await host.domains()
  for (const guest of guests) await guest.setMemoryStatsPeriod(1)
  for (let time = 2_000; time < 140_000; time += 1_000) {
    await host.clock.sleepUntil(time)
    const { actual, unused, maximum, host: levels } = await host.sampleMemory()
    expect(levels.free).toBeGreaterThan(256 * MiB)
    if (step === 0) continue
    for (const [i, guest] of guests.entries()) {
      const wanted = Math.max(-step, Math.min(step, 160 * MiB - unused[i]!))
      await guest.setMemory(Math.min(maximum[i]!, actual[i]! + Math.round(wanted / MiB) * MiB))
    }
  }
  return guests.reduce((total, { uuid }) => total + host.truth(uuid)!.programsKilled, 0)
}
