import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { known } from '../../../../lib/util/known.ts'
import { estimateDemand } from '../../../../lib/view/cpu/demand.ts'
import { LevelFilter } from '../../../../lib/view/cpu/step-filter.ts'
import { gaussian, seeded } from '../../schedulers/world.ts'

const unknown = Number.NaN

describe('estimateDemand', () => {
  it.each([
    ['a guest of 17 % that waits 88 % of the time', 0.02, 0.88, 1 / 6],
    ['one of four that are busy on one pCPU', 0.25, 0.75, 1],
    ['one that is alone', 0.97, 0.025, 0.97 / 0.975],
    ['an idle one', 0, 0, 0],
    ['one that never got a turn', 0, 1, 1],
    ['usage beyond what there is', 1.01, 0, 1],
    ['usage and waiting beyond the interval', 0.5, 0.9, 1],
    ['an unknown delay', 0.3, unknown, 0.3],
  ])('%s', (_, usage, delay, demand) => {
    expect(estimateDemand(usage, delay)).toBeCloseTo(demand, 10)
  })

  it('does not know what an unknown usage means', () => {
    expect(estimateDemand(unknown, 0.5)).toBeNaN()
    expect(estimateDemand(unknown, unknown)).toBeNaN()
  })

  it('is never below the usage, nor above usage and waiting together, nor outside 0 to 1', () => {
    const fraction = fc.double({ min: 0, max: 1, noNaN: true })
    fc.assert(
      fc.property(fraction, fraction, (usage, delay) => {
        fc.pre(usage + delay <= 1)
        const demand = estimateDemand(usage, delay)
        expect(demand).toBeGreaterThanOrEqual(usage - 1e-12)
        expect(demand).toBeLessThanOrEqual(Math.min(1, usage + delay) + 1e-12)
      }),
    )
  })
})

describe('LevelFilter', () => {
  const feed = (filter: LevelFilter, samples: readonly (number | undefined)[]) =>
    samples.map((sample) => known(filter.next(sample ?? unknown)))

  it('knows nothing before the first sample, and takes that as it is', () => {
    expect(feed(new LevelFilter(), [undefined, undefined, 0.4])).toEqual([undefined, undefined, 0.4])
  })

  it('averages the first samples with equal weight', () => {
    const levels = feed(new LevelFilter(), [0.4, 0.44, 0.36, 0.48])
    expect(levels.at(-1)).toBeCloseTo(0.42, 10)
  })

  it.each([
    [0.14, 0.42],
    [0.42, 0.14],
    [0, 1],
    [1, 0],
    [0.02, 0.17],
  ])('takes up a step from %f to %f at its second full sample', (before, after) => {
    const filter = new LevelFilter()
    feed(filter, new Array<number>(20).fill(before))
    const [first, second] = feed(filter, [after, after])
    expect(Math.abs(first! - before)).toBeLessThan(0.3 * Math.abs(after - before))
    expect(second).toBe(after)
  })

  it('takes up a step whose first sample was half of the old', () => {
    const filter = new LevelFilter()
    feed(filter, new Array<number>(20).fill(0.14))
    expect(feed(filter, [0.28, 0.42, 0.42]).at(-1)).toBeCloseTo(0.42, 10)
  })

  it('lets one outlier move it by a fifth at most', () => {
    const filter = new LevelFilter()
    feed(filter, new Array<number>(20).fill(0.2))
    expect(feed(filter, [1, 0.2])[0]).toBeCloseTo(0.36, 10)
    expect(feed(filter, new Array<number>(15).fill(0.2)).at(-1)).toBeCloseTo(0.2, 2)
  })

  it('brings noise down to less than half', () => {
    const normal = gaussian(seeded(1))
    const filter = new LevelFilter()
    const levels = feed(
      filter,
      Array.from({ length: 5_000 }, () => 0.17 * (1 + 0.1 * normal())),
    ).slice(20)
    const spread = Math.sqrt(
      levels.reduce<number>((sum, level) => sum + (level! - 0.17) ** 2, 0) / levels.length,
    )
    expect(spread).toBeLessThan(0.5 * 0.017)
  })

  it('stands in for two missing samples, and then knows nothing', () => {
    const filter = new LevelFilter()
    feed(filter, [0.5, 0.5])
    expect(feed(filter, [undefined, undefined, undefined, 0.3])).toEqual([0.5, 0.5, undefined, 0.3])
    expect(feed(filter, [undefined, 0.3, undefined, undefined])).toEqual([0.3, 0.3, 0.3, 0.3])
  })

  it('stays between 0 and 1, whatever it is fed', () => {
    const sample = fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: undefined })
    fc.assert(
      fc.property(fc.array(sample), (samples) => {
        for (const level of feed(new LevelFilter(), samples)) {
          if (level !== undefined) expect(level >= 0 && level <= 1).toBe(true)
        }
      }),
    )
  })
})
