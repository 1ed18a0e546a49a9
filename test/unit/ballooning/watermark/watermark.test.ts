import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type WatermarkOptions, watermark } from '../../../../lib/ballooning/watermark/watermark.ts'
import { sentenceOf } from '../../../../lib/policy/reason.ts'
import { MiB } from '../../../../lib/util/units.ts'
import type { View } from '../../../../lib/view/view.ts'
import { runs } from '../../../support/runs.ts'
import { seeded } from '../../schedulers/world.ts'
import { type Guest, World } from '../world.ts'

const idle = (used = 56): Guest => ({ used: () => used, actual: 512, maximum: 2_048 })
/** Holds `used`, from `start` on `rate` MiB/s more, up to `most`; frees all that at `end`. */
const growing = (rate: number, { used = 56, start = 30_000, most = 1_700, end = Infinity } = {}): Guest => ({
  used: (time) => (time >= end ? used : Math.min(most, used + (rate * Math.max(0, time - start)) / 1_000)),
  actual: 512,
  maximum: 2_048,
})
const budgetHeld = (world: World) =>
  world.rounds.every(({ view, plan }) => {
    const grown = plan.reduce((sum, { uuid, bytes }) => {
      const { actual, target } = view.domains.find((domain) => domain.uuid === uuid)!.memory
      return sum + Math.max(0, bytes - Math.max(actual!, target ?? 0))
    }, 0)
    return grown <= Math.max(0, view.memory.budget - view.memory.committed)
  })

describe('an idle guest', () => {
  it('gives down to somewhat above 100 MiB unused, and keeps 100 at all times', () => {
    const world = new World(8_192, [idle()], watermark()).run(60)
    expect(world.bodies[0]!.actual).toBe(56 + 48 + 160)
    expect(world.bodies[0]!.least).toBeGreaterThanOrEqual(100)
  })

  it('gives in steps, after some quiet reports', () => {
    const world = new World(8_192, [{ ...idle(), actual: 1_024 }], watermark()).run(60)
    expect(world.asked(0)).toEqual([896, 768, 640, 512, 384, 264])
    expect(world.rounds.slice(0, 5).every(({ plan }) => plan.length === 0)).toBe(true)
  })

  it('does not go below the floor', () => {
    const world = new World(8_192, [idle(10)], watermark({ floor: 300 * MiB })).run(60)
    expect(world.bodies[0]!.actual).toBe(300)
  })
})

describe('a constant need', () => {
  it('leads to one round of changes in one direction, and then to none, for ever', () => {
    const guest = fc.record({
      // With all of the noise still more than the 4 MiB below which no figure of a guest is believed.
      used: fc.integer({ min: 13, max: 1_500 }),
      unused: fc.integer({ min: 60, max: 600 }),
      noise: fc.integer({ min: 0, max: 8 }),
    })
    fc.assert(
      fc.property(fc.array(guest, { minLength: 1, maxLength: 5 }), fc.integer(), (guests, seed) => {
        const uniform = seeded(seed)
        const world = new World(
          20_000,
          guests.map(({ used, unused, noise }) => ({
            used: () => used + noise * (2 * uniform() - 1),
            actual: used + 48 + unused,
            maximum: 4_096,
          })),
          watermark(),
        ).run(80)
        for (const [i, { used, unused }] of guests.entries()) {
          const sizes = [used + 48 + unused, ...world.asked(i)]
          const directions = new Set(sizes.slice(1).map((size, j) => Math.sign(size - sizes[j]!)))
          expect(directions.size).toBeLessThanOrEqual(1)
          expect(world.bodies[i]!.ranDry).toBe(false)
          const changed = world.rounds.flatMap(({ plan }, round) =>
            plan.some(({ uuid }) => uuid === `g${i}`) ? [round] : [],
          )
          expect(changed.filter((round, j) => j > 0 && round - changed[j - 1]! > 1)).toEqual([])
        }
      }),
      { numRuns: runs(150) },
    )
  })

  it('between the marks nothing is done at all', () => {
    const between = [130, 150, 190].map((unused) => ({ ...idle(), actual: 56 + 48 + unused }))
    expect(new World(8_192, between, watermark()).run(60).rounds.flatMap(({ plan }) => plan)).toEqual([])
  })

  it('a balloon that refuses is asked once, not again and again', () => {
    const world = new World(8_192, [{ ...idle(), speed: 0 }], watermark()).run(60)
    expect(world.asked(0)).toEqual([384])
  })

  it.each<[string, Guest['report']]>([
    ['with totals', undefined],
    ['without totals', ({ available: _, ...memory }) => memory],
  ])('%s, a balloon that is slow is asked once, not for more while it is on its way', (_, report) => {
    const hungry = { used: () => 450, actual: 512, maximum: 2_048, speed: 60, ...(report && { report }) }
    const world = new World(8_192, [hungry], watermark()).run(60)
    expect(world.asked(0)).toEqual([658])
    expect(world.bodies[0]!.actual).toBe(658)
  })

  it('that wanders a little is no growth', () => {
    const uniform = seeded(5)
    const wandering = { used: () => 100 + 14 * uniform(), actual: 100 + 48 + 148, maximum: 2_048 }
    expect(new World(8_192, [wandering], watermark()).run(200).asked(0)).toEqual([])
  })
})

describe('a guest that grows', () => {
  it.each([1_000, 2_000, 3_000])('by 20 to 25 MB/s never runs dry at an interval of %i ms', (interval) => {
    for (const rate of [19, 21, 24]) {
      for (const start of [60_000, 60_700, 61_300, 61_900]) {
        const guests = [growing(rate, { start }), idle(), idle(), idle()]
        const world = new World(6_144, guests, watermark()).run(200_000 / interval, interval)
        expect(world.bodies[0]!.ranDry).toBe(false)
        expect(world.bodies[0]!.least).toBeGreaterThan(30)
        expect(world.bodies[0]!.actual).toBeGreaterThan(1_700 + 48 + 100)
        for (const body of world.bodies.slice(1)) expect(body.least).toBeGreaterThanOrEqual(100)
        expect(budgetHeld(world)).toBe(true)
      }
    }
  })

  it('keeps what it takes until the next decision has an effect, however fast it grows', () => {
    const fast = { ...growing(60, { start: 10_000 }), actual: 1_024 }
    expect(new World(6_144, [fast], watermark()).run(40).bodies[0]!.ranDry).toBe(false)
    const { initialState, decide } = watermark()
    const forgetful = { initialState, decide: (view: View) => decide(view, initialState) }
    expect(new World(6_144, [fast], forgetful).run(40).bodies[0]!.ranDry).toBe(true)
  })

  it('comes to its maximum, never above it', () => {
    const world = new World(8_192, [growing(24, { most: 1_900 })], watermark()).run(100)
    expect(world.bodies[0]!.actual).toBe(2_048)
    expect(Math.max(...world.asked(0))).toBe(2_048)
  })

  it('gives back once it has freed its memory, gradually, and then rests', () => {
    const world = new World(8_192, [growing(24, { end: 120_000 })], watermark()).run(150)
    expect(world.bodies[0]!.actual).toBe(264)
    const down = world.asked(0).filter((size, i, all) => i > 0 && size < all[i - 1]!)
    expect(down.length).toBeGreaterThan(8)
    expect(world.rounds.slice(110).every(({ plan }) => plan.length === 0)).toBe(true)
  })

  it('and frees and takes again keeps what it had in between', () => {
    const used = (time: number) => (time % 8_000 < 4_000 ? 700 : 200)
    const world = new World(8_192, [{ used, actual: 930, maximum: 2_048 }], watermark()).run(100)
    expect(world.asked(0)).toEqual([])
  })
})

describe('a host that is short', () => {
  it('has all grow together to similar sizes, up to its reserve', () => {
    const guests = Array.from({ length: 4 }, () => growing(22, { most: 640 }))
    const world = new World(4_096, guests, watermark()).run(100)
    const sizes = world.bodies.map(({ actual }) => actual)
    expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThan(1)
    expect(world.rounds.every(({ view }) => view.memory.committed <= view.memory.budget)).toBe(true)
    expect(budgetHeld(world)).toBe(true)
    expect(world.bodies.some(({ ranDry }) => ranDry)).toBe(false)
  })

  it('moves memory from those that stopped to those that go on, sooner and faster', () => {
    const early = growing(22, { end: 55_000 })
    const late = growing(22, { most: 1_250 })
    const world = new World(4_096, [early, early, late, late], watermark()).run(100)
    expect(world.bodies.map(({ ranDry }) => ranDry)).toEqual([false, false, false, false])
    expect(world.bodies[2]!.actual).toBeGreaterThan(1_250 + 48 + 90)
    expect(budgetHeld(world)).toBe(true)
  })

  it('is not asked for crumbs', () => {
    const hungry = { used: () => 400, actual: 512, maximum: 2_048 }
    const total = 512 + 64 + 512
    expect(new World(total + 7, [hungry], watermark()).run(20).asked(0)).toEqual([])
    expect(new World(total + 9, [hungry], watermark()).run(20).asked(0).map(Math.round)).toEqual([521])
  })

  it('grants only what the host has available above its reserve, less what was granted and is not resident', () => {
    const rss = 300
    const report: Guest['report'] = (memory) => ({ ...memory, rss })
    const guests = [
      { ...idle(), actual: 260, report },
      { ...idle(440), report },
    ]
    const { view } = new World(4_096, guests as Guest[], watermark()).run(1).rounds[0]!
    const { reserve, committed } = view.memory
    const granted = (spare: number) => {
      const available = reserve + committed - 2 * rss * MiB + spare
      const { initialState, decide } = watermark()
      const [action] = decide({ ...view, memory: { ...view.memory, available } }, initialState).plan
      return action === undefined ? 0 : Math.round(action.bytes / MiB - 512)
    }
    expect([-1 * MiB, 0, 20 * MiB, 50 * MiB, 1_000 * MiB].map(granted)).toEqual([0, 0, 20, 50, 136])
  })

  it('grants only what is left of the budget, however much is available', () => {
    const { view } = new World(4_096, [idle(440)], watermark()).run(1).rounds[0]!
    const { memory } = view
    const { initialState, decide } = watermark()
    const budget = memory.committed + 30 * MiB
    const tight = { ...memory, total: budget + memory.reserve, budget, available: memory.total }
    expect(decide({ ...view, memory: tight }, initialState).plan).toMatchObject([
      { domain: 'g0', bytes: expect.closeTo(542 * MiB, -2) },
    ])
  })
})

describe('whatever the guests do', () => {
  it('none is asked below what it uses and the low mark, nor above its maximum, nor all beyond the budget', () => {
    const guest = fc.record({
      levels: fc.array(fc.integer({ min: 10, max: 1_800 }), { minLength: 1, maxLength: 20 }),
      maximum: fc.integer({ min: 2_000, max: 3_000 }),
      actual: fc.integer({ min: 200, max: 2_000 }),
    })
    const host = fc.integer({ min: 2_000, max: 12_000 })
    fc.assert(
      fc.property(fc.array(guest, { minLength: 1, maxLength: 6 }), host, (guests, memory) => {
        const bodies = guests.map(({ levels, maximum, actual }): Guest => {
          const fits = (used: number) => Math.min(used, maximum - 48)
          return { used: (time) => fits(levels[Math.floor(time / 5_000) % levels.length]!), actual, maximum }
        })
        const world = new World(memory, bodies, watermark()).run(60)
        expect(budgetHeld(world)).toBe(true)
        for (const { view, plan } of world.rounds) {
          expect(new Set(plan.map(({ uuid }) => uuid)).size).toBe(plan.length)
          for (const { uuid, bytes } of plan) {
            const { maximum, actual, available, unused, target } = view.domains.find(
              (domain) => domain.uuid === uuid,
            )!.memory
            expect(bytes).toBeLessThanOrEqual(maximum!)
            if (bytes < (target ?? actual!)) {
              expect(bytes).toBeGreaterThanOrEqual(available! - unused! + 128 * MiB)
              expect(bytes).toBeGreaterThanOrEqual(200 * MiB)
            }
          }
        }
      }),
      { numRuns: runs(100) },
    )
  })
})

describe('a guest on hold', () => {
  it.each<[string, Guest['report']]>([
    ['no statistics', ({ lastUpdate: _, ...memory }) => memory],
    ['stale statistics', (memory) => ({ ...memory, lastUpdate: memory.lastUpdate! - 20_000 })],
    ['contradictory statistics', (memory) => ({ ...memory, unused: memory.available! + 1 })],
  ])('for %s is left alone, hungry or full', (hold, report) => {
    const guests = [
      { ...idle(), report },
      { ...idle(440), report },
    ]
    const world = new World(8_192, guests as Guest[], watermark()).run(40)
    expect(world.rounds.every(({ view }) => view.domains[0]!.memory.hold === hold)).toBe(true)
    expect(world.rounds.flatMap(({ plan }) => plan)).toEqual([])
  })

  it('is judged by what it was before once it is back', () => {
    let back = false
    const report: Guest['report'] = (memory) => ({ ...memory, lastUpdate: back ? memory.lastUpdate! : 0 })
    const world = new World(8_192, [{ ...idle(), report: (memory) => report(memory) }], watermark()).run(20)
    expect(world.asked(0)).toEqual([])
    back = true
    expect(world.run(40).bodies[0]!.actual).toBe(264)
  })
})

describe('what guests tell', () => {
  it('without a total is enough', () => {
    const report: Guest['report'] = ({ available: _, ...memory }) => memory
    const guests = [idle(), growing(24), { ...idle(440) }].map((guest) => ({ ...guest, report }))
    const world = new World(8_192, guests as Guest[], watermark()).run(100)
    expect(world.bodies.map(({ ranDry }) => ranDry)).toEqual([false, false, false])
    expect(world.bodies[0]!.actual).toBe(264)
    expect(world.rounds.slice(80).every(({ plan }) => plan.length === 0)).toBe(true)
  })

  it('of swapping counts as need: it is not shrunk, it grows', () => {
    let swapped = 0
    const report: Guest['report'] = (memory) => {
      swapped += 100
      return { ...memory, swapOut: swapped }
    }
    const guests = [{ used: () => 300, actual: 548, maximum: 2_048, report }]
    const world = new World(8_192, guests, watermark()).run(3)
    expect(world.asked(0)[0]).toBeGreaterThan(548)
  })

  it('says why in numbers', () => {
    const world = new World(8_192, [growing(24), idle()], watermark()).run(40)
    const reasons = world.rounds.flatMap(({ plan }) =>
      plan.map(({ domain, reason }) => `${domain}: ${sentenceOf(reason)}`),
    )
    expect(reasons).toContainEqual(
      expect.stringMatching(/^g0: [\d.]+ MiB unused of [\d.]+ MiB, use rising by [\d.]+ MiB\/s, below/),
    )
    expect(reasons).toContainEqual(expect.stringMatching(/^g1: 408 MiB unused of 512 MiB, above 192 MiB$/))
  })
})

describe('its options', () => {
  it.each<[string, WatermarkOptions]>([
    ['low', { low: 0 }],
    ['low', { low: Number.NaN }],
    ['high', { high: 130 * MiB }],
    ['high', { low: 300 * MiB }],
    ['step', { step: -1 }],
    ['floor', { floor: '200' as unknown as number }],
  ])('refuse a wrong %s', (name, options) => {
    expect(() => watermark(options)).toThrow(`Expected \`${name}\` to be a number of bytes`)
  })

  it('move the marks', () => {
    const world = new World(
      8_192,
      [{ ...idle(), actual: 1_024 }],
      watermark({ low: 300 * MiB, high: 400 * MiB }),
    )
    expect(world.run(60).bodies[0]!.actual).toBe(56 + 48 + 350)
  })
})
