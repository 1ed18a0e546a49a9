import { describe, expect, it } from 'vitest'
import { squeezed } from '../../../../lib/ballooning/published/squeezed.ts'
import { sentenceOf } from '../../../../lib/policy/reason.ts'
import { MiB } from '../../../../lib/util/units.ts'
import { firstPlan, type GuestShape, hostOf, sizesOf, sizesThrough } from '../hosts.ts'

const guest = (name: string, actual: number, minimum: number, maximum: number): GuestShape => {
  return { name, actual, maximum, settings: { memoryFloor: minimum * MiB } }
}
const sizes = (total: number, ...guests: GuestShape[]) =>
  sizesOf(firstPlan(squeezed(), hostOf({ total, guests })))

describe('gamma', () => {
  it('brings all the same part of the way from minimum to maximum', () => {
    // 1900 - 400 of 600 + 2400: gamma 0.5.
    expect(sizes(1_900, guest('a', 200, 200, 800), guest('b', 200, 200, 2_600))).toEqual({ a: 500, b: 1_400 })
  })

  it('is at most 1 and at least 0', () => {
    expect(sizes(9_000, guest('a', 500, 200, 800))).toEqual({ a: 800 })
    expect(sizes(100, guest('a', 500, 200, 800))).toEqual({ a: 200 })
  })

  it('counts what has been promised as given', () => {
    // gamma 0.5 of 600 each; a is on its way to its 500.
    const a = { ...guest('a', 300, 200, 800), target: 500 }
    expect(sizes(1_000, a, guest('b', 200, 200, 800))).toEqual({ b: 500 })
  })

  it('of a guest that may not change is nothing', () => {
    expect(sizes(1_000, guest('a', 500, 500, 500))).toEqual({})
  })
})

describe('a round', () => {
  const at = (seconds: number, ...guests: GuestShape[]) =>
    hostOf({ total: 1_000, time: 1_000 * seconds, guests })
  const a = (actual: number, target?: number): GuestShape => {
    return { ...guest('a', actual, 200, 800), ...(target && { target }) }
  }
  const b = (actual: number, target?: number): GuestShape => {
    return { ...guest('b', actual, 200, 800), ...(target && { target }) }
  }

  it('has those give first that have to, and grants after that', () => {
    const plans = sizesThrough(squeezed(), [
      at(0, a(700), b(300)),
      at(1, a(600, 500), b(300)),
      at(2, a(500), b(300)),
      at(3, a(500), b(500)),
      at(4, a(500), b(500)),
    ])
    expect(plans).toEqual([{ a: 500 }, {}, { b: 500 }, {}, {}])
  })

  it('goes on without one that makes no progress for 5 s', () => {
    // 200 are free; without a they are b's.
    const stuck = (seconds: number) => at(seconds, a(500, 400), b(300))
    const plans = sizesThrough(squeezed(), [
      hostOf({ total: 800, time: 0, guests: [a(500), b(300)] }),
      ...[1, 2, 3, 4, 5].map((s) => hostOf({ total: 800, time: 1_000 * s, guests: [a(500, 400), b(300)] })),
      stuck(6),
    ])
    expect(plans).toEqual([{ a: 400 }, {}, {}, {}, {}, {}, { b: 500 }])
  })

  it('counts on one that moves, however slowly', () => {
    const views = Array.from({ length: 30 }, (_, s) => at(s, a(700 - 5 * s, 500), b(300)))
    const plans = sizesThrough(squeezed(), views)
    expect(plans.flatMap(Object.keys)).toEqual([])
  })

  it('counts not on one that made no progress for 20 s, until it moves', () => {
    const views = (from: number, to: number, actual: number) =>
      Array.from({ length: to - from }, (_, i) => at(from + i, a(actual, 500), b(300)))
    const plans = sizesThrough(squeezed(), [
      at(0, a(700), b(300)),
      ...views(1, 25, 700),
      // Half a minute later there is more: b has it at once, without waiting for a.
      hostOf({ total: 1_100, time: 60_000, guests: [a(700, 500), b(300)] }),
      hostOf({ total: 1_100, time: 61_000, guests: [a(690, 500), b(300, 400)] }),
      // What somebody, the guard for one, has made of it since is asked for again.
      hostOf({ total: 1_090, time: 90_000, guests: [a(690), b(400)] }),
    ])
    expect(plans[0]).toEqual({ a: 500 })
    expect(plans.slice(1, 25).flatMap(Object.keys)).toEqual([])
    expect(plans[25]).toEqual({ b: 400 })
    // It moves: it counts again, and gives first.
    expect(plans[26]).toEqual({ a: 550 })
    expect(plans[27]).toEqual({ a: 550 })
  })
})

it('one that refuses keeps its memory, and the others are squeezed the more', () => {
  // 1800 among three from 200 to 800 are gamma 0.67, 600 each; without a and its 800, 1000 among two are 500 each.
  const at = (time: number, b: number, c: number) =>
    hostOf({
      total: 1_800,
      time,
      guests: [
        { ...guest('a', 800, 200, 800), ...(time > 0 && { target: 600 }) },
        guest('b', b, 200, 800),
        guest('c', c, 200, 800),
      ],
    })
  const views = [0, 2_000, 4_000, 6_000].map((time) => at(time, 550, 450))
  expect(sizesThrough(squeezed(), views)).toEqual([{ a: 600 }, {}, {}, { b: 500 }])
})

it('says why in numbers', () => {
  const view = hostOf({ total: 1_000, guests: [guest('a', 700, 200, 800), guest('b', 300, 200, 800)] })
  expect(sentenceOf(firstPlan(squeezed(), view)[0]!.reason)).toBe(
    'gamma 0.500 of 200 MiB to 800 MiB, 1 to give first',
  )
})
