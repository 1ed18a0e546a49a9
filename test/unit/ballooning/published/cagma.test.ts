import { describe, expect, it } from 'vitest'
import { cagma } from '../../../../lib/ballooning/published/cagma.ts'
import { sentenceOf } from '../../../../lib/policy/reason.ts'
import { MiB } from '../../../../lib/util/units.ts'
import { firstPlan, type GuestShape, hostOf, sizesOf, sizesThrough } from '../hosts.ts'

const sizes = (...guests: GuestShape[]) => sizesOf(firstPlan(cagma(), hostOf({ total: 8_000, guests })))
const at = (seconds: number, ...guests: GuestShape[]) =>
  hostOf({ total: 8_000, time: 1_000 * seconds, guests })

describe('every 3 s', () => {
  it('a guest gets what its available memory is below its critical amount', () => {
    // 1.1 * 500 = 550.
    expect(sizes({ name: 'a', actual: 500, used: 500 })).toEqual({ a: 550 })
    // It sees 450 of its 500 and holds all of that: 1.1 * 450 - 450 = 45 more.
    const memory = { available: 450 * MiB, usable: 0, unused: 0 }
    expect(sizes({ name: 'a', actual: 500, memory })).toEqual({ a: 545 })
  })

  it('and releases what it is above', () => {
    expect(sizes({ name: 'a', actual: 1_000, used: 500 })).toEqual({ a: 550 })
  })

  it('down to 256 MiB, or to its floor', () => {
    const settings = { memoryFloor: 300 * MiB }
    expect(sizes({ name: 'a', actual: 1_000 }, { name: 'b', actual: 1_000, settings })).toEqual({
      a: 256,
      b: 300,
    })
  })

  it('up to its maximum', () => {
    expect(sizes({ name: 'a', actual: 500, used: 500, maximum: 520 })).toEqual({ a: 520 })
  })

  it('what it has swapped out is part of its critical amount, page cache is not', () => {
    const need = { inUse: 0, swapDebt: 100 * MiB, burst: 0, total: 0, growthPerSecond: 0 }
    const a = { name: 'a', actual: 500, used: 500, memory: { need } }
    expect(sizes(a, { name: 'b', actual: 1_000, used: 500, cache: 400 })).toEqual({ a: 660, b: 550 })
  })

  it('those that release come first, then those that lack most', () => {
    const guests = [
      { name: 'little', actual: 400, used: 400 },
      { name: 'much', actual: 900, used: 900 },
      { name: 'giver', actual: 1_000, used: 300 },
    ]
    const plan = firstPlan(cagma(), hostOf({ total: 8_000, guests }))
    expect(plan.map(({ domain }) => domain)).toEqual(['giver', 'much', 'little'])
  })

  it('one at its critical amount rests', () => {
    expect(sizes({ name: 'a', actual: 550, used: 500 })).toEqual({})
  })

  it('and not in between', () => {
    const views = Array.from({ length: 8 }, (_, s) => at(s, { name: 'a', actual: 1_000, used: 500 }))
    expect(sizesThrough(cagma(), views).flatMap((plan, s) => ('a' in plan ? [s] : []))).toEqual([0, 3, 6])
  })
})

describe('releases in a row', () => {
  // 1.1 * 900 = 990 of 1000.
  const ten = Array.from({ length: 10 }, (_, i) => at(3 * i, { name: 'a', actual: 1_000, used: 900 }))
  const much = { name: 'a', actual: 1_000, used: 700 }

  it('are of the mean of the last five from the eleventh on', () => {
    const plans = sizesThrough(cagma(), [...ten, at(30, much), at(33, much)])
    expect(plans.map(({ a }) => a)).toEqual([...Array.from({ length: 12 }, () => 990)])
    expect(sizesThrough(cagma(), [...ten.slice(1), at(30, much)]).at(-1)).toEqual({ a: 770 })
  })

  it('begin anew after a period without, or a restart', () => {
    const none = at(30, { name: 'a', actual: 1_000, used: 950 })
    expect(sizesThrough(cagma(), [...ten, none, at(33, much)]).at(-1)).toEqual({ a: 770 })
    const again = at(30, much)
    const restarted = { ...again, domains: again.domains.map((domain) => ({ ...domain, id: 99 })) }
    expect(sizesThrough(cagma(), [...ten, restarted]).at(-1)).toEqual({ a: 770 })
  })
})

describe('between two periods', () => {
  const resting: GuestShape = { name: 'a', actual: 500, used: 400 }
  const swapping: GuestShape = { ...resting, used: 500, memory: { swappedOut: 50 * MiB } }
  const giver: GuestShape = { name: 'b', actual: 1_000, used: 700 }

  it('a guest that swaps gets what it lacks at once', () => {
    // 1.1 * (500 + 50) = 605.
    expect(sizesThrough(cagma(), [at(0), at(1, swapping)])).toEqual([{}, { a: 605 }])
  })

  it('also by what is told of its events', () => {
    const events = { swappedOut: 0, majorFaultsPerSecond: 900, underPressure: true, oomKilled: false }
    const suffering = { ...resting, used: 500, memory: { events } }
    expect(sizesThrough(cagma(), [at(0), at(1, suffering)])).toEqual([{}, { a: 550 }])
    const quiet = { ...suffering, memory: { events: { ...events, underPressure: false } } }
    expect(sizesThrough(cagma(), [at(0), at(1, quiet)])).toEqual([{}, {}])
  })

  it('one that does not waits, whatever it lacks', () => {
    expect(sizesThrough(cagma(), [at(0), at(1, { ...resting, used: 500 })])).toEqual([{}, {}])
  })

  it('the others release for it only where the host has not enough', () => {
    const little = { ...at(1, swapping, giver), memory: { ...at(1).memory, budget: 1_600 * MiB } }
    const host = (free: number) => ({
      ...little,
      memory: {
        ...little.memory,
        total: 1_600 * MiB + little.memory.reserve,
        committed: (1_600 - free) * MiB,
      },
    })
    expect(sizesThrough(cagma(), [at(0), host(105)])[1]).toEqual({ a: 605 })
    expect(sizesThrough(cagma(), [at(0), host(104)])[1]).toEqual({ a: 605, b: 770 })
  })

  it('and a period begins when it is due all the same', () => {
    const plans = sizesThrough(cagma(), [at(0), at(1, swapping), at(2, giver), at(3, giver)])
    expect(plans.slice(2)).toEqual([{}, { b: 770 }])
  })
})

it('what is on its way is not asked for again', () => {
  expect(sizes({ name: 'a', actual: 500, used: 500, target: 550 })).toEqual({})
  expect(sizes({ name: 'a', actual: 1_000, used: 500, target: 550 })).toEqual({})
})

it('says why in numbers', () => {
  const view = hostOf({ total: 8_000, guests: [{ name: 'a', actual: 500, used: 500 }] })
  expect(sentenceOf(firstPlan(cagma(), view)[0]!.reason)).toBe('critical 550 MiB, available 500 MiB')
})
