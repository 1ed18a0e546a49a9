import { describe, expect, it } from 'vitest'
import { CpuSet } from '../../../../lib/host/cpuset.ts'
import { lpt } from '../../../../lib/schedulers/baseline/lpt.ts'
import { World } from '../world.ts'

const spread = (loads: number[]) => Math.max(...loads) - Math.min(...loads)

describe('lpt', () => {
  it('places the heaviest first, each on the least loaded pCPU', () => {
    const world = new World(
      2,
      [0.2, 0.7, 0.6, 0.5].map((demand) => ({ demand, on: 0 })),
    )
    world.apply(lpt()(world.look()))
    expect(world.guests.map(({ on }) => on)).toEqual([0, 0, 1, 1])
  })

  it('places all anew, where few moves would have done', () => {
    const demands = [0.5, 0.4, 0.3, 0.2, 0.2]
    const world = new World(
      2,
      demands.map((demand, i) => ({ demand, on: i === 0 ? 1 : 0 })),
    )
    expect(world.apply(lpt()(world.look()))).toBeGreaterThan(1)
    expect(spread(world.loads())).toBeCloseTo(0.2)
  })

  it('does nothing within tolerance, and to a host that it has balanced', () => {
    const world = new World(
      4,
      Array.from({ length: 8 }, () => ({ demand: 0.4, on: 0 })),
    )
    world.apply(lpt()(world.look()))
    expect(lpt()(world.look())).toEqual([])
    const uneven = new World(2, [
      { demand: 0.45, on: 0 },
      { demand: 0.5, on: 1 },
    ])
    expect(lpt()(uneven.look())).toHaveLength(2) // it changes their places for nothing
  })

  it('counts what it cannot move and goes only where it may', () => {
    const world = new World(2, [
      { demand: 0.9, on: 1 },
      { demand: 0.6, on: 1 },
      { demand: 0.5, on: 1 },
    ])
    const view = world.look()
    const vcpus = view.vcpus.map((vcpu, i) => ({ ...vcpu, allowed: i === 0 ? CpuSet.of(1) : vcpu.allowed }))
    const plan = lpt()({ ...view, vcpus })
    expect(plan.map(({ domain, cpus }) => [domain, `${cpus}`])).toEqual([
      ['guest1', '0'],
      ['guest2', '0'],
    ])
  })
})
