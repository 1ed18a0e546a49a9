import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { scenarios, simulate } from '../../../lib/simulation/index.ts'
import { GiB, MiB } from '../../../lib/util/units.ts'
import { runs } from '../../support/runs.ts'
import { type ChangeOfGuest, levelsOf, oneGuest } from './one-guest.ts'

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
