import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DemandSource } from '../../../../lib/fleet/simulation/demand.ts'
import type { Demand } from '../../../../lib/fleet/simulation/scenario.ts'
import { type Expected, expected } from '../../../../lib/fleet/view/expected.ts'
import { smooth } from '../../../../lib/fleet/view/smoothing.ts'
import { mean, standardDeviation } from '../../../../lib/util/statistics.ts'
import { runs } from '../../../support/runs.ts'

const interval = 10_000
const random: Demand = { kind: 'random', mean: 0.8, spread: 0.2 }
const seeds = Array.from({ length: 20 }, (_, seed) => seed + 1)

/** What is expected after each of these reports. */
function expectedAfter(reports: readonly (number | undefined)[], before?: Expected): Expected[] {
  let memory = before
  return reports.map((seen, i) => {
    memory = expected(memory, seen, (before ? before.time + interval : 0) + i * interval)
    return memory!
  })
}

function reportsOf(demand: Demand, seed: number, count: number): number[] {
  const source = new DemandSource(demand, seed, 'guest')
  return Array.from({ length: count }, (_, i) => source.at(i * interval, i))
}

function repeated(value: number, count: number): number[] {
  return Array.from({ length: count }, () => value)
}

describe('what can be expected of a demand', () => {
  it('is to the bit what is seen while that does not change, and then what it changes to after three reports', () => {
    const values = expectedAfter([...repeated(0.1, 50), ...repeated(0.7, 20)]).map(({ value }) => value)
    expect(values.slice(0, 50)).toEqual(repeated(0.1, 50))
    let smoothed = smooth(undefined, 0.1, 0)
    for (const [i, value] of values.slice(50, 52).entries()) {
      smoothed = smooth(smoothed, 0.7, (i + 1) * interval)
      expect(value).toBeCloseTo(smoothed!.value, 9)
    }
    for (const value of values.slice(52)) expect(value).toBeCloseTo(0.7, 9)
  })

  it('is near its mean where it goes up and down by chance: half as far off as what is smoothed over a minute', () => {
    const off = { expected: [] as number[], smoothed: [] as number[] }
    for (const seed of seeds) {
      const all = expectedAfter(reportsOf(random, seed, 500)).slice(120)
      off.expected.push(...all.map(({ value }) => value - 0.8))
      off.smoothed.push(...all.map(({ recent }) => recent - 0.8))
    }
    const [own, minute] = [standardDeviation(off.expected), standardDeviation(off.smoothed)]
    expect(own).toBeLessThan(minute / 2)
  })

  it('knows how far it strays, in the mean within a fifth and for each guest within a half, when an hour was seen', () => {
    const all = seeds.map((seed) => expectedAfter(reportsOf(random, seed, 1_000)).slice(360))
    const strayed = standardDeviation(all.flat().map(({ recent, usual }) => recent - usual))
    const swings = all.map((own) => mean(own.map(({ swing }) => swing / strayed)))
    expect(Math.abs(mean(swings) - 1)).toBeLessThan(0.2)
    expect(Math.max(...swings.map((swing) => Math.abs(swing - 1)))).toBeLessThan(0.5)
  })

  it('goes over to another level that stands out of the swing, within five minutes', () => {
    for (const seed of seeds) {
      const before = expectedAfter(reportsOf(random, seed, 200)).at(-1)
      const values = expectedAfter(reportsOf({ ...random, mean: 1.8 }, seed + 100, 60), before).map(
        ({ value }) => value,
      )
      expect(mean(values.slice(30))).toBeGreaterThan(1.5)
    }
  })

  it.each([1, 2])(
    'is not what %i reports say that differ from all others: no more than what is smoothed',
    (count) => {
      const all = expectedAfter([...repeated(0.8, 30), ...repeated(0, count), ...repeated(0.8, 30)])
      for (const { value } of all) expect(value).toBeGreaterThan(0.8 * Math.exp(-count / 6) - 0.05)
      expect(all.at(-1)!.value).toBeCloseTo(0.8, 1)
    },
  )

  it('counts what it came back from as swing', () => {
    const dip = [...repeated(0.8, 18), ...repeated(0, 2)]
    const all = expectedAfter(Array.from({ length: 20 }, () => dip).flat()).slice(200)
    const strayed = standardDeviation(all.map(({ recent, usual }) => recent - usual))
    const known = mean(all.map(({ swing }) => swing / strayed))
    expect(known).toBeGreaterThan(0.8)
    expect(known).toBeLessThan(1.25)
  })

  it('learns a swing from what came back, and then leaves it out', () => {
    const wave = reportsOf({ kind: 'wave', mean: 0.8, height: 0.4, period: 180_000 }, 1, 400)
    const values = expectedAfter(wave).map(({ value }) => value)
    const far = (from: number, to: number) => standardDeviation(values.slice(from, to))
    expect(far(200, 400)).toBeLessThan(far(0, 18) / 2)
  })

  it('keeps what was expected while the figure is not known, or the clock stands still', () => {
    const [, last] = expectedAfter([0.5, 0.6])
    expect(expected(last, undefined, 60_000)).toBe(last)
    expect(expected(last, Number.NaN, 60_000)).toBe(last)
    expect(expected(last, 5, last!.time)).toBe(last)
    expect(expected(undefined, undefined, 0)).toBeUndefined()
  })

  it('is always between the least and the most that was seen, and changes nothing that it was handed', () => {
    const reports = fc.array(fc.double({ min: 0, max: 64, noNaN: true }), { minLength: 1, maxLength: 60 })
    const gaps = fc.array(fc.integer({ min: 1, max: 3_600_000 }), { minLength: 60, maxLength: 60 })
    fc.assert(
      fc.property(reports, gaps, (all, times) => {
        let memory: Expected | undefined
        let time = 0
        for (const [i, seen] of all.entries()) {
          if (memory) Object.freeze(memory)
          memory = expected(memory, seen, time)!
          const sofar = all.slice(0, i + 1)
          expect(memory.value).toBeGreaterThanOrEqual(Math.min(...sofar) - 1e-9)
          expect(memory.value).toBeLessThanOrEqual(Math.max(...sofar) + 1e-9)
          expect(memory.swing).toBeGreaterThanOrEqual(0)
          time += times[i]!
        }
      }),
      { numRuns: runs(200) },
    )
  })
})
