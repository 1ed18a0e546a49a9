import { describe, expect, it } from 'vitest'
import { ballooning, GiB, MiB, type Scenario, schedulers } from '../../../lib/index.ts'
import { capacityOf, medianUse } from '../../../lib/whatif/capacity.ts'
import type { FittedLoad } from '../../../lib/whatif/load.ts'
import { measured } from './recorded.ts'

const pilot = { interval: 2_000, scheduler: schedulers.balance(), ballooning: ballooning.shares() }
const scenario: Scenario = {
  pcpus: 2,
  memory: 4 * GiB,
  domains: ['a', 'b'].map((name) => ({
    name,
    vcpus: [{ load: { kind: 'loop', work: 2, sleep: 8 } }],
    memory: { maximum: 512 * MiB, program: { size: 200 * MiB } },
  })),
}
const load: FittedLoad = { scenario, lead: 2_000, interval: 2_000, ticks: 20, hostMemory: 4 * GiB, notes: [] }

describe('the capacity of a host', () => {
  it('is what its pCPUs can serve, when these give out first', async () => {
    const shape = { vcpus: 1, size: 256 * MiB, load: 0.3, use: 0.5 }
    const { guests, limit, lowest, tried } = await capacityOf(load, pilot, shape, {
      scoreLimit: 60,
      most: 64,
    })
    expect(limit).toMatchObject({ of: 'cpu' })
    // 1.96 pCPUs beside the host's own work serve 60 % of what is wanted where that is 3.27: 0.4, and 9.5 times 0.3.
    expect(Math.abs(guests - 9)).toBeLessThanOrEqual(1)
    expect(lowest!.points).toBeGreaterThanOrEqual(60)
    expect(tried.slice(0, 3).map((one) => one.guests)).toEqual([0, 1, 2])
    expect(tried).toContainEqual({ guests, carries: true })
    expect(tried).toContainEqual({ guests: guests + 1, carries: false })
  })

  it('is what its memory holds, when that gives out first', async () => {
    const shape = { vcpus: 1, size: 2 * GiB, load: 0.01, use: 0.5 }
    const { guests, limit } = await capacityOf(load, pilot, shape, { scoreLimit: 90, most: 64 })
    expect(limit).toMatchObject({ of: 'memory' })
    // 4 GiB less what the host and the two hold: 2.5 GiB, for guests that use 1 GiB.
    expect(guests).toBe(2)
  })

  it('is nothing where a guest is below the limit already, and no more than is tried', async () => {
    const shape = { vcpus: 1, size: 256 * MiB, load: 0.01, use: 0.5 }
    const domains = ['a', 'b', 'c'].map((name) => ({ name, vcpus: [{ load: { kind: 'spin' } as const }] }))
    const crowded = { ...load, scenario: { ...scenario, domains } }
    const none = await capacityOf(crowded, pilot, shape, { scoreLimit: 90, most: 64 })
    expect(none).toMatchObject({ guests: 0, limit: { of: 'cpu' }, tried: [{ guests: 0, carries: false }] })
    const few = await capacityOf(load, pilot, shape, { scoreLimit: 50, most: 2 })
    expect(few).toMatchObject({ guests: 2, limit: undefined })
  })

  it('is asked for guests as those that are there, unless told otherwise', async () => {
    const { load, use } = medianUse(await measured(scenario, pilot, 10))
    expect(load).toBeCloseTo(0.2, 1)
    expect(use).toBeGreaterThan(0.4)
    expect(use).toBeLessThan(0.7)
  })
})
