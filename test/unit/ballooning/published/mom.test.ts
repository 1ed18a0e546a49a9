import { describe, expect, it } from 'vitest'
import { mom } from '../../../../lib/ballooning/published/mom.ts'
import { sentenceOf } from '../../../../lib/policy/reason.ts'
import { MiB } from '../../../../lib/util/units.ts'
import { firstPlan, type GuestShape, hostOf, sizesOf, sizesThrough } from '../hosts.ts'

const sizes = (available: number, ...guests: GuestShape[]) =>
  sizesOf(firstPlan(mom(), hostOf({ total: 10_000, available, guests })))

describe('while a fifth of the host is free', () => {
  it('a guest with enough grows by 5 %', () => {
    expect(sizes(3_000, { name: 'a', actual: 1_000, used: 400 })).toEqual({ a: 1_050 })
  })

  it('one that uses more than that leaves grows to its use and a fifth of its balloon', () => {
    // 900 + 0.20 * 1000 = 1100 > 1050
    expect(sizes(3_000, { name: 'a', actual: 1_000, used: 900 })).toEqual({ a: 1_100 })
  })

  it('none grows beyond its maximum, or its ceiling', () => {
    const settings = { memoryCeiling: 1_020 * MiB }
    const a = { name: 'a', actual: 1_000, used: 900, maximum: 1_010 }
    const b = { name: 'b', actual: 1_000, used: 900, settings }
    expect(sizes(3_000, a, b)).toEqual({ a: 1_010, b: 1_020 })
  })

  it('changes of at most 0.25 % are dropped', () => {
    const a = { name: 'a', actual: 1_000, maximum: 1_002.5 }
    const b = { name: 'b', actual: 1_000, maximum: 1_003 }
    expect(sizes(3_000, a, b)).toEqual({ b: 1_003 })
  })

  it('page cache counts as use', () => {
    expect(sizes(3_000, { name: 'a', actual: 1_000, used: 100, cache: 800 })).toEqual({ a: 1_100 })
  })
})

describe('while less is free', () => {
  it('a guest shrinks by 5 %', () => {
    expect(sizes(1_000, { name: 'a', actual: 1_000, used: 400 })).toEqual({ a: 950 })
  })

  it('down to its use and as much of its balloon as the host has free', () => {
    // hf = 0.10: 870 + 0.10 * 1000 = 970 > 950
    expect(sizes(1_000, { name: 'a', actual: 1_000, used: 870 })).toEqual({ a: 970 })
  })

  it('one that is above that already is left alone, not grown', () => {
    expect(sizes(1_000, { name: 'a', actual: 1_000, used: 950 })).toEqual({})
  })

  it('below 5 % guests are made to swap', () => {
    // hf = 0.02: margin 0.02 - 0.05, 1010 - 30 = 980 > 950
    expect(sizes(200, { name: 'a', actual: 1_000, used: 1_000, memory: { unused: -10 * MiB } })).toEqual({
      a: 980,
    })
    expect(sizes(200, { name: 'a', actual: 1_000, used: 1_000 })).toEqual({ a: 970 })
  })

  it('exactly 5 % free is no more than 5 %: both guests shrink to what they use', () => {
    const guests = ['a', 'b'].map((name) => ({ name, actual: 1_000, used: 960 }))
    expect(sizes(500, ...guests)).toEqual({ a: 960, b: 960 })
  })

  it('none goes below its minimum, or its floor', () => {
    const settings = { memoryFloor: 300 * MiB }
    expect(sizes(1_000, { name: 'a', actual: 205 }, { name: 'b', actual: 310, settings })).toEqual({
      a: 200,
      b: 300,
    })
  })
})

describe('over time', () => {
  const at = (time: number, used: number, available = 3_000) =>
    hostOf({ total: 10_000, available, time, guests: [{ name: 'a', actual: 1_000, used }] })

  it('it acts every 10 s, whatever the interval of the loop', () => {
    const every = (interval: number) =>
      sizesThrough(
        mom(),
        Array.from({ length: 31_000 / interval }, (_, i) => ({ ...at(i * interval, 400), interval })),
      ).flatMap((plan, i) => ('a' in plan ? [i * interval] : []))
    expect(every(1_000)).toEqual([0, 10_000, 20_000, 30_000])
    expect(every(4_000)).toEqual([0, 12_000, 20_000])
    expect(every(15_000)).toEqual([0, 15_000])
  })

  it('a beat that comes a little early counts', () => {
    const views = [0, 9_998, 19_997].map((time) => ({ ...at(time, 400), interval: 2_000 }))
    expect(sizesThrough(mom(), views).map((plan) => 'a' in plan)).toEqual([true, true, true])
  })

  it('use is the average of the last 50 s', () => {
    // (500 + 500 + 500 + 500 + 1000) / 5 = 600, then 700, 800, 900, 1000.
    const views = [0, 10, 20, 30].map((s) => at(s * 1_000, 500))
    const later = [40, 50, 60, 70, 80].map((s) => at(s * 1_000, 1_000))
    expect(sizesThrough(mom(), [...views, ...later]).map(({ a }) => a)).toEqual([
      1_050, 1_050, 1_050, 1_050, 1_050, 1_050, 1_050, 1_100, 1_200,
    ])
  })

  it('and so is what the host has free', () => {
    // 32 % free at first, 21 % on average of two, 17.3 % of three.
    const views = [0, 10, 20, 30].map((s) => at(s * 1_000, 400, s < 10 ? 3_200 : 1_000))
    expect(sizesThrough(mom(), views).map(({ a }) => a)).toEqual([1_050, 1_050, 950, 950])
  })

  it('a restarted guest begins anew', () => {
    const before = at(0, 0)
    const after = at(10_000, 900)
    const domains = after.domains.map((domain) => ({ ...domain, id: 99 }))
    expect(sizesThrough(mom(), [before, { ...after, domains }]).map(({ a }) => a)).toEqual([1_050, 1_100])
  })
})

it('without knowledge of the host nothing is done', () => {
  const view = hostOf({ total: 10_000, guests: [{ name: 'a', actual: 1_000 }] })
  const memory = { ...view.memory, available: undefined, free: undefined }
  expect(firstPlan(mom(), { ...view, memory })).toEqual([])
})

it('says why in numbers', () => {
  const view = hostOf({ total: 10_000, available: 1_000, guests: [{ name: 'a', actual: 1_000, used: 400 }] })
  expect(sentenceOf(firstPlan(mom(), view)[0]!.reason)).toBe(
    '10.0 % of the host free, uses 400 MiB of 1000 MiB',
  )
})
