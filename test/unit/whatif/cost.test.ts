import { describe, expect, it } from 'vitest'
import { autopilot } from '../../../lib/control/autopilot.ts'
import { GiB, schedulers, simulate } from '../../../lib/index.ts'
import { CpuCost, memoryCost, priceBetween, regretOf } from '../../../lib/whatif/cost.ts'
import { leastDeviation } from '../../../lib/whatif/least-deviation.ts'

const spinners = (affinities: readonly string[]) => ({
  pcpus: 2,
  background: 0,
  domains: affinities.map((affinity, index) => ({
    name: `guest${index}`,
    vcpus: [{ affinity, load: { kind: 'spin' } as const }],
  })),
})

async function costOf(scheduler = false, sampled = false) {
  const host = simulate(spinners(['0', '0']))
  const cost = new CpuCost({ sampled })
  const options = { interval: 1_000, ticks: 10, ...(scheduler && { scheduler: schedulers.lpt() }) }
  for await (const { view, outcomes } of autopilot(host, options)) {
    cost.take(
      view,
      host,
      outcomes.map(({ action }) => action),
    )
  }
  return cost.value
}

describe('what a scheduler costs', () => {
  it('is the deviation of what is really wanted, and its moves', async () => {
    // Two on one pCPU deviate by one pCPU.
    expect(await costOf()).toEqual({ cost: 1, bound: 0 })
    // One tick without samples, one in which it moves one of them.
    expect((await costOf(true)).cost).toBeCloseTo((1 + 1 + 0.002) / 10, 9)
    expect((await costOf(true, true)).cost).toBeCloseTo((1 + 0.002) / 9, 9)
  })

  it('has a bound below which no placement comes', () => {
    expect(leastDeviation([0.5, 0.5, 0.5, 0.5], 2)).toBe(0)
    expect(leastDeviation([1, 0.1, 0.1], 2)).toBeCloseTo(0.4, 12)
    expect(leastDeviation([], 2)).toBe(0)
  })

  it('has moves cost by their distance, as balance has them', () => {
    const { topology } = simulate({ pcpus: { sockets: 2, cores: 2, threads: 2 }, domains: [] })
    const [first, ...others] = topology.pcpus
    expect(priceBetween(first!, first!)).toBe(0)
    const prices = others.map((other) => priceBetween(first!, other))
    expect(new Set(prices)).toEqual(new Set([0.001, 0.002, 0.05]))
    expect(prices[topology.pcpus.findIndex(({ id }) => id !== 0 && first!.siblings.has(id)) - 1]).toBe(0.001)
  })
})

describe('regret', () => {
  it('is the part of what could have been gained that was not', () => {
    const none = { cost: 1, bound: 0.2 }
    expect(regretOf({ cost: 0.2, bound: 0.2 }, none, 0.01)).toBe(0)
    expect(regretOf({ cost: 0.6, bound: 0.2 }, none, 0.01)).toBeCloseTo(0.5, 12)
    expect(regretOf(none, none, 0.01)).toBe(1)
    expect(regretOf({ cost: 0.2, bound: 0.2 }, { cost: 0.205, bound: 0.2 }, 0.01)).toBeUndefined()
  })

  it('of memory counts waiting, and moving at a price', () => {
    expect(memoryCost({ stalled: 2_000, moved: 5 * GiB })).toEqual({ cost: 2.5, bound: 0 })
  })
})
