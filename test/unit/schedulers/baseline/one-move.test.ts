import { describe, expect, it } from 'vitest'
import { CpuSet } from '../../../../lib/host/cpuset.ts'
import { oneMove } from '../../../../lib/schedulers/baseline/one-move.ts'
import { World } from '../world.ts'

describe('oneMove', () => {
  it('moves one vCPU in each tick until the host is level, then none', () => {
    const world = new World(
      4,
      Array.from({ length: 8 }, () => ({ demand: 0.4, on: 0 })),
    )
    const moves = Array.from({ length: 10 }, () => world.apply(oneMove()(world.look())))
    expect(moves).toEqual([1, 1, 1, 1, 1, 1, 0, 0, 0, 0])
    expect(world.loads()).toEqual([0.8, 0.8, 0.8, 0.8])
  })

  it('takes the heaviest that is better off elsewhere', () => {
    const demands = [0.5, 0.3, 0.1]
    const guests = demands.map((demand) => ({ demand, on: 0 }))
    expect(oneMove()(new World(2, guests).look())).toMatchObject([{ domain: 'guest0', cpus: CpuSet.of(1) }])
  })

  it('does not shift a load to and fro that cannot be divided', () => {
    const five = Array.from({ length: 5 }, (_, i) => ({ demand: 1, on: i % 4 }))
    expect(oneMove()(new World(4, five).look())).toEqual([])
  })

  it('leaves one that may be nowhere else, and takes another', () => {
    const world = new World(2, [
      { demand: 0.6, on: 0 },
      { demand: 0.3, on: 0 },
    ])
    const view = world.look()
    const vcpus = view.vcpus.map((vcpu, i) => ({ ...vcpu, allowed: i === 0 ? CpuSet.of(0) : vcpu.allowed }))
    expect(oneMove()({ ...view, vcpus })).toMatchObject([{ domain: 'guest1', cpus: CpuSet.of(1) }])
  })
})
