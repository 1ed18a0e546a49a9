import { describe, expect, it } from 'vitest'
import { qubes } from '../../../../lib/ballooning/published/qubes.ts'
import { sentenceOf } from '../../../../lib/policy/reason.ts'
import { MiB } from '../../../../lib/util/units.ts'
import { firstPlan, type GuestShape, hostOf, sizesOf } from '../hosts.ts'

const sizes = (total: number, ...guests: GuestShape[]) =>
  sizesOf(firstPlan(qubes(), hostOf({ total, guests })))

describe('where there is enough for all wishes', () => {
  it('the surplus is shared in proportion to them', () => {
    // Wishes 1.3 * 200 = 260 and 1.3 * 400 = 520; 2340 - 780 = 1560 more: three times the wish each.
    const a = { name: 'a', actual: 600, used: 200 }
    const b = { name: 'b', actual: 600, used: 400 }
    expect(sizes(2_340, a, b)).toEqual({ a: 780, b: 1_560 })
  })

  it('no wish is below 200 MiB, or the floor of a guest, or above what it may have', () => {
    // 200 and 300: 1000 are twice that.
    const a = { name: 'a', actual: 250, used: 10 }
    const b = { name: 'b', actual: 250, used: 10, settings: { memoryFloor: 300 * MiB } }
    expect(sizes(1_000, a, b)).toEqual({ a: 400, b: 600 })
    // 400 of 1.3 * 390, and 200: 1200 are twice that, 400 is all that a may have.
    const c = { name: 'a', actual: 400, used: 390, settings: { memoryCeiling: 400 * MiB } }
    expect(sizes(1_200, c, { name: 'b', actual: 300, used: 10 })).toEqual({ b: 800 })
  })

  it('what some may not have goes to the others in equal parts', () => {
    // Wishes 200 each, 1000 each of 3000; a may have 400: 300 more for the others.
    const guests = ['a', 'b', 'c'].map((name) => ({ name, actual: 300, used: 10 }))
    expect(sizes(3_000, { ...guests[0]!, maximum: 400 }, guests[1]!, guests[2]!)).toEqual({
      a: 400,
      b: 1_300,
      c: 1_300,
    })
  })

  it('those that give come first', () => {
    const taker = {
      name: 'taker',
      actual: 300,
      used: 600,
      memory: { available: 900 * MiB, usable: 300 * MiB },
    }
    const giver = { name: 'giver', actual: 1_500, used: 100 }
    const plan = firstPlan(qubes(), hostOf({ total: 1_960, guests: [taker, giver] }))
    // 780 and 200: 1960 are twice that.
    expect(plan.map(({ domain, bytes }) => [domain, bytes / MiB])).toEqual([
      ['giver', 400],
      ['taker', 1_560],
    ])
  })
})

describe('where there is not', () => {
  it('those above their wish come down to it, and the others share that and what is free', () => {
    // Wishes 260, 1040 and 520 of 1600: a gives 340, 60 are free; b and c are 2 to 1 of 400.
    const a = { name: 'a', actual: 600, used: 200 }
    const b = { name: 'b', actual: 800, used: 800 }
    const c = { name: 'c', actual: 140, used: 400, memory: { available: 800 * MiB, usable: 400 * MiB } }
    expect(sizes(1_600, a, b, c)).toEqual({ a: 260, b: 1_066.7, c: 273.3 })
  })

  it('less than 10 MiB above a wish is not asked for', () => {
    const a = { name: 'a', actual: 269, used: 200 }
    const b = { name: 'b', actual: 800, used: 800 }
    expect(sizes(1_269, a, b)).toEqual({ b: 1_000 })
  })

  it('with nothing left to grant, those above their wish come down all the same', () => {
    const a = { name: 'a', actual: 600, used: 400 }
    const b = { name: 'b', actual: 800, used: 800 }
    expect(sizes(1_000, a, b)).toEqual({ a: 520 })
  })
})

describe('nothing is done', () => {
  it('for up to 150 MiB in all, with what is free', () => {
    // Wishes 200, of 1000: each has its part but for what is moved.
    const pair = (moved: number) => [
      { name: 'a', actual: 500 + moved, used: 100 },
      { name: 'b', actual: 500 - moved, used: 100 },
    ]
    expect(sizes(1_000, ...pair(75))).toEqual({})
    expect(sizes(1_000, ...pair(76))).toEqual({ a: 500, b: 500 })
  })

  it('but for a guest below its wish from 15 MiB on', () => {
    // b uses 400 and would like 520; a has 600 and would like 260.
    const b = (actual: number) => ({ name: 'b', actual, used: 400 })
    const a = (actual: number) => ({ name: 'a', actual, used: 200 })
    expect(sizes(780, a(274), b(506))).toEqual({})
    expect(sizes(780, a(276), b(504))).toEqual({ a: 260, b: 520 })
  })

  it('for a guest that refuses, and it is counted with what it has', () => {
    const refuser: GuestShape = { name: 'refuser', actual: 1_500, used: 10, memory: { progress: 'refusing' } }
    expect(sizes(2_000, refuser, { name: 'b', actual: 300, used: 10 })).toEqual({ b: 500 })
  })

  it('a second time', () => {
    const a = { name: 'a', actual: 600, used: 200, target: 780 }
    const b = { name: 'b', actual: 1_560, used: 400 }
    expect(sizes(2_340, a, b)).toEqual({})
  })
})

it('what a guest has swapped out counts as use, its page cache does not', () => {
  const need = { inUse: 0, swapDebt: 100 * MiB, burst: 0, total: 0, growthPerSecond: 0 }
  // 260 and 390, of 1300: twice that.
  const a = { name: 'a', actual: 400, used: 200, cache: 100 }
  const b = { name: 'b', actual: 400, used: 200, memory: { need } }
  expect(sizes(1_300, a, b)).toEqual({ a: 520, b: 780 })
})

it('says why in numbers', () => {
  const view = hostOf({ total: 2_000, guests: [{ name: 'a', actual: 600, used: 200 }] })
  expect(sentenceOf(firstPlan(qubes(), view)[0]!.reason)).toBe(
    'uses 200 MiB and would like 260 MiB, has 600 MiB; 1400 MiB are free',
  )
})
