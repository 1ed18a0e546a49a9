import { describe, expect, it } from 'vitest'
import { idleTax } from '../../../../lib/ballooning/published/idle-tax.ts'
import { sentenceOf } from '../../../../lib/policy/reason.ts'
import { MiB } from '../../../../lib/util/units.ts'
import { firstPlan, type GuestShape, hostOf, sizesOf, sizesThrough } from '../hosts.ts'

const sizes = (total: number, guests: GuestShape[]) =>
  sizesOf(firstPlan(idleTax(), hostOf({ total, guests })))

describe('a host that is short', () => {
  // 100 of 2000 are free, 5 %; 1860 are shared out, so that 7 % are free in the end.
  const active = { name: 'active', actual: 1_000, used: 1_000 }
  const idle = { name: 'idle', actual: 900 }

  it('has idle memory cost four times as much as active memory', () => {
    // Both buy for the same: 1000 + (x - 1000) / 4 and x / 4 are 1860 at x = 2220.
    // Down to 4 % free the active one is granted 20 of its 305 at once.
    expect(sizes(2_000, [active, idle])).toEqual({ idle: 555, active: 1_020 })
  })

  it('goes on until each has what it pays for', () => {
    const after = [
      { ...active, actual: 1_020, used: 1_020 },
      { name: 'idle', actual: 555 },
    ]
    // 1000 + 20 active now: 765 + x / 2 = 1860 at 2190.
    expect(sizes(2_000, after)).toEqual({ active: 1_312.5 })
  })

  it('by shares: who has twice as many pays half as much', () => {
    // x / 4 and 2 x / 4 are 1860.
    const rich = { name: 'rich', actual: 900, settings: { memoryShares: 2_000 } }
    expect(sizes(2_000, [{ ...active, used: 0 }, rich])).toEqual({ active: 620, rich: 920 })
  })

  it('within the minimum and the maximum of each', () => {
    const kept = { ...idle, settings: { memoryFloor: 600 * MiB } }
    expect(sizes(2_000, [active, kept])).toEqual({ idle: 600, active: 1_020 })
    const small = { ...active, maximum: 1_017 }
    // 1860 - 1017 for the idle one: it has 57 more than that.
    expect(sizes(2_000, [small, idle])).toEqual({ idle: 843, active: 1_017 })
  })

  it('takes from those with the lowest rho first, no more than is needed', () => {
    // 30 of 1000 are free; 930 to share: 401.25 + 0.75 x at x = 705. The active one lacks 76.25.
    const guests = [
      { name: 'half', actual: 270, used: 135 },
      { name: 'idle', actual: 300 },
      { name: 'active', actual: 400, used: 400 },
    ]
    const low = guests.map((guest) => ({ ...guest, settings: { memoryFloor: 100 * MiB } }))
    expect(sizes(1_000, low)).toEqual({ idle: 183.8 })
  })
})

describe('host states', () => {
  const guests = (free: number) => [
    { name: 'a', actual: 500, used: 500 },
    { name: 'b', actual: 1_500 - free },
  ]

  it('while 6 % are free nothing is taken', () => {
    expect(sizes(2_000, guests(120))).not.toHaveProperty('b')
    expect(sizes(2_000, guests(119))).toHaveProperty('b')
  })

  it('it goes on until that is clearly passed', () => {
    const taken = (frees: number[]) =>
      sizesThrough(
        idleTax(),
        frees.map((free, i) => hostOf({ total: 2_000, time: i, guests: guests(free) })),
      ).map((plan) => 'b' in plan)
    expect(taken([129, 119, 129, 130, 129])).toEqual([false, true, true, false, false])
  })

  it('growth is granted down to 4 % free', () => {
    const hungry = { name: 'a', actual: 500, used: 500 }
    expect(sizes(2_000, [hungry, { name: 'b', actual: 1_300 }]).a).toBe(620)
    expect(sizes(2_000, [hungry, { name: 'b', actual: 1_420 }])).not.toHaveProperty('a')
  })

  it('on a host with enough everyone has all that it may have', () => {
    expect(
      sizes(9_000, [
        { name: 'a', actual: 500 },
        { name: 'b', actual: 500, maximum: 1_024 },
      ]),
    ).toEqual({
      a: 2_048,
      b: 1_024,
    })
  })
})

describe('active memory', () => {
  /** The active memory of guest `a` in MiB, as the reason to change it says. */
  const active = (...used: [seconds: number, used: number][]) => {
    const policy = idleTax()
    let state = policy.initialState
    return used.map(([seconds, mebibytes]) => {
      const guests = [
        { name: 'a', actual: 1_500, used: mebibytes },
        { name: 'b', actual: 460, used: 460 },
      ]
      const decision = policy.decide(hostOf({ total: 2_000, time: 1_000 * seconds, guests }), state)
      state = decision.state
      const reason = decision.plan.find(({ domain }) => domain === 'a')?.reason
      return reason?.kind === 'idle-tax' ? reason.active / MiB : undefined
    })
  }

  it('falls slowly', () => {
    // 400 * exp(-30 / 300) by the slow average, which is the largest.
    expect(active([0, 100], [30, 100])).toEqual([100, 100])
    expect(active([0, 400], [30, 0])[1]).toBeCloseTo(400 * Math.exp(-0.1))
  })

  it('rises at once', () => {
    expect(active([0, 100], [2, 300])[1]).toBe(300)
  })

  it('and the fast average keeps up with bursts', () => {
    // Slow: 300 * (1 - e^-0.1) after 30 s, then less; fast: 300 * (1 - e^-1), then e^-(1/15) of it.
    const fast = 300 * (1 - Math.exp(-1)) * Math.exp(-2 / 30)
    expect(active([0, 0], [30, 300], [32, 0])[2]).toBeCloseTo(fast)
  })

  it('counts what the guest does not see as its total, and what it has swapped out; not page cache', () => {
    const need = { inUse: 0, swapDebt: 50 * MiB, burst: 0, total: 0, growthPerSecond: 0 }
    const memory = { available: 1_450 * MiB, usable: 1_250 * MiB, unused: 100 * MiB, need }
    const view = hostOf({
      total: 2_000,
      guests: [
        { name: 'a', actual: 1_500, memory },
        { name: 'b', actual: 460, used: 460 },
      ],
    })
    expect(sentenceOf(firstPlan(idleTax(), view).find(({ domain }) => domain === 'a')!.reason)).toMatch(
      /^300 MiB active of 1500 MiB, 1000 shares buy 870 MiB$/,
    )
  })
})
