import { describe, expect, it } from 'vitest'
import { proxmox } from '../../../../lib/ballooning/published/proxmox.ts'
import { sentenceOf } from '../../../../lib/policy/reason.ts'
import { MiB } from '../../../../lib/util/units.ts'
import { firstPlan, type GuestShape, hostOf, sizesOf, sizesThrough } from '../hosts.ts'

/** A guest as Proxmox has it: with a minimum and shares of its own. */
const guest = (name: string, actual: number, minimum: number, free: number, shares = 1_000): GuestShape => ({
  name,
  actual,
  used: actual - free,
  settings: { memoryFloor: minimum * MiB, memoryShares: shares },
})

/** What it does where the host's use is `goal` MiB below its target. */
function sizes(goal: number, ...guests: GuestShape[]) {
  const view = hostOf({ total: 10_000, available: 2_000 + goal, guests })
  return sizesOf(firstPlan(proxmox(), view))
}

describe('a host below its target', () => {
  const two = [guest('a', 1_000, 1_000, 0, 2_000), guest('b', 1_000, 1_000, 0)]

  it('hands out by shares', () => {
    expect(sizes(90, ...two)).toEqual({ a: 1_060, b: 1_030 })
    expect(sizes(150, ...two)).toEqual({ a: 1_100, b: 1_050 })
  })

  it('100 MiB to each at most', () => {
    expect(sizes(270, ...two)).toEqual({ a: 1_100, b: 1_090 })
    expect(sizes(900, ...two)).toEqual({ a: 1_100, b: 1_100 })
  })

  it('what one cannot have goes to the others', () => {
    expect(sizes(60, guest('a', 2_048, 2_048, 0, 2_000), guest('b', 1_000, 1_000, 0))).toEqual({ b: 1_060 })
  })

  it('to those with little free first, and to all where none of them can have more', () => {
    // Little: at most a quarter of the minimum.
    const comfortable = guest('c', 1_000, 1_000, 251)
    expect(sizes(90, guest('a', 1_000, 1_000, 250), comfortable)).toEqual({ a: 1_090 })
    expect(sizes(90, guest('a', 2_048, 2_048, 0), comfortable)).toEqual({ c: 1_090 })
  })

  it('as published: one above its part shrinks meanwhile', () => {
    // Parts of 300 + 90: 195 each.
    expect(sizes(90, guest('a', 1_300, 1_000, 0), guest('b', 1_000, 1_000, 0))).toEqual({
      a: 1_200,
      b: 1_100,
    })
  })
})

describe('a host above its target', () => {
  it('takes from those with enough free, by shares of what they have above their minimum', () => {
    // 300 + 300 - 200: 200 each, comfortable both.
    expect(sizes(-200, guest('a', 1_300, 1_000, 500), guest('b', 1_300, 1_000, 500))).toEqual({
      a: 1_200,
      b: 1_200,
    })
    expect(sizes(-50, guest('a', 1_300, 1_000, 500), guest('b', 1_300, 1_000, 0))).toEqual({ a: 1_250 })
  })

  it('from all where those have nothing to give', () => {
    expect(sizes(-50, guest('a', 1_000, 1_000, 500), guest('b', 1_300, 1_000, 0))).toEqual({ b: 1_250 })
  })

  it('leaves every guest at its minimum, and there it starves', () => {
    expect(sizes(-500, guest('a', 1_000, 1_000, 0), guest('b', 1_000, 1_000, 0))).toEqual({})
    // A dwarf that swaps beside a giant with all to spare: goal below 0, so nothing for the dwarf.
    const dwarf = { ...guest('dwarf', 200, 200, 0), memory: { swappedOut: 500 * MiB } }
    expect(sizes(-300, dwarf, guest('giant', 1_900, 200, 1_500))).toEqual({ giant: 1_800 })
  })
})

it('a host within 10 MiB of its target rests', () => {
  const one = guest('a', 1_300, 1_000, 0)
  expect([10, 5, 0, -10].map((goal) => sizes(goal, one))).toEqual([{}, {}, {}, {}])
  expect(sizes(10.5, one)).toEqual({ a: 1_310.5 })
})

describe('decision after decision, what is granted staying free', () => {
  interface Body {
    actual: number
    free: number
    shares: number
    minimum: number
    maximum: number
  }

  /** Goes on until nothing changes; the sizes that have changed. */
  function settle(bodies: Record<string, Body>, goal: number): Record<string, number> {
    const changed: Record<string, number> = {}
    for (let left = goal, isMoving = true; isMoving; ) {
      const guests = Object.entries(bodies).map(([name, { actual, minimum, free, shares, maximum }]) => {
        return { ...guest(name, actual, minimum, free, shares), maximum }
      })
      const next = Object.entries(sizes(left, ...guests))
      isMoving = next.length > 0
      for (const [name, size] of next) {
        const body = bodies[name]!
        left -= size - body.actual
        body.free = Math.max(0, body.free + size - body.actual)
        body.actual = size
        changed[name] = size
      }
    }
    return changed
  }

  // What the tests of pve-manager expect.
  const two = () => ({
    a: { actual: 1_000, free: 0, shares: 2_000, minimum: 1_000, maximum: 2_000 },
    b: { actual: 1_000, free: 0, shares: 1_000, minimum: 1_000, maximum: 2_000 },
  })
  it.each([
    [180, { a: 1_120, b: 1_060 }],
    [270, { a: 1_180, b: 1_090 }],
    [600, { a: 1_300, b: 1_300 }],
    [900, { a: 1_600, b: 1_300 }],
  ])('%i MiB among two', (goal, expected) => {
    expect(settle(two(), goal)).toEqual(expected)
  })

  const three = () => ({
    a: { actual: 2_000, free: 0, shares: 2_000, minimum: 2_000, maximum: 2_000 },
    b: { actual: 1_007, free: 0, shares: 1_000, minimum: 1_000, maximum: 2_000 },
    c: { actual: 1_000, free: 512, shares: 1_000, minimum: 1_000, maximum: 2_000 },
  })
  it.each([
    [-200, { b: 1_200, c: 1_200 }],
    [-400, { b: 1_200, c: 1_000 }],
    [-593, { b: 1_007, c: 1_000 }],
  ])('593 MiB among three, then %i MiB', (goal, expected) => {
    const bodies = three()
    expect(settle(bodies, 593)).toEqual({ b: 1_300, c: 1_300 })
    expect(settle(bodies, goal)).toEqual(expected)
  })
})

it('acts every 10 s', () => {
  const views = Array.from({ length: 16 }, (_, i) =>
    hostOf({ total: 10_000, time: 2_000 * i, guests: [guest('a', 1_300, 1_000, 0)] }),
  )
  expect(sizesThrough(proxmox(), views).flatMap((plan, i) => ('a' in plan ? [2 * i] : []))).toEqual([
    0, 10, 20, 30,
  ])
})

it('says why in numbers', () => {
  const view = hostOf({ total: 10_000, available: 1_950, guests: [guest('a', 1_300, 1_000, 500)] })
  expect(sentenceOf(firstPlan(proxmox(), view)[0]!.reason)).toBe(
    'host 50 MiB above its target, comfortable with 500 MiB free',
  )
})
