import { describe, expect, it } from 'vitest'
import type { Scene, SceneVcpu } from '../../../bench/arena/scene.ts'
import { hindsightOf } from '../../../bench/regret/hindsight.ts'
import { defaultPrice } from '../../../lib/schedulers/balance/move-cost.ts'
import { simulate } from '../../../lib/simulation/index.ts'

const { topology } = simulate({ pcpus: 2, domains: [] })
const { topology: twoCells } = simulate({ pcpus: { sockets: 2, cores: 2 }, domains: [] })

function vcpu(name: string, demand: number, place: number, pcpus = 2): SceneVcpu {
  const allowed = new Array<boolean>(pcpus).fill(true)
  return { uuid: name, name, vcpu: 0, demand, place, pinned: true, delay: 0, allowed, remote: false }
}

function scene(vcpus: readonly SceneVcpu[], more: Partial<Scene> = {}): Scene {
  const count = more.topology?.pcpus.length ?? 2
  const each = (value: number) => new Array<number>(count).fill(value)
  return {
    time: 0,
    full: true,
    topology,
    vcpus,
    background: each(0),
    capacities: each(1),
    pins: 0,
    moves: 0,
    ...more,
  }
}

const times = (count: number, one: Scene) => new Array<Scene>(count).fill(one)

describe('the cost of hindsight', () => {
  it('is one tick as all were, and the moves that level the host for the rest', () => {
    const crowded = scene([vcpu('a', 0.4, 0), vcpu('b', 0.4, 0)])
    // 0.8 and 0 deviate by 0.4.
    const cost = (0.4 + defaultPrice.cache) / 10
    expect(hindsightOf(times(10, crowded), false)).toEqual({ cost: expect.closeTo(cost, 9), kind: 'exact' })
  })

  it('leaves what is not worth its moves', () => {
    const light = scene([vcpu('a', 0.4, 0), vcpu('b', 0.4, 1), vcpu('c', 0.0001, 0), vcpu('d', 0.0001, 0)])
    const deviation = 0.0001
    expect(hindsightOf(times(10, light), false)).toEqual({
      cost: expect.closeTo(deviation, 9),
      kind: 'exact',
    })
  })

  it('is a bound where what is wanted changes, or moves cost differently', () => {
    const first = scene([vcpu('a', 0.4, 0), vcpu('b', 0.4, 0)])
    const later = scene([vcpu('a', 0.8, 0), vcpu('b', 0.4, 0)])
    const { cost, kind } = hindsightOf([...times(5, first), ...times(5, later)], false)
    expect(kind).toBe('bound')
    // In the second half one has twice what the other has: they deviate by 0.2 at the least.
    expect(cost).toBeCloseTo((0.4 + 5 * 0.2) / 10, 9)
    const apart = scene([vcpu('a', 0.4, 0, 4)], { topology: twoCells })
    expect(hindsightOf(times(5, apart), false).kind).toBe('bound')
  })

  it('is a bound where the oracle would take too long, and nothing can be said of unequal pCPUs', () => {
    const heavy = scene([vcpu('a', 1, 0), vcpu('b', 0.2, 0)])
    expect(hindsightOf(times(4, heavy), true)).toEqual({
      cost: expect.closeTo((0.6 + 3 * 0.4) / 4, 9),
      kind: 'bound',
    })
    const uneven = scene([vcpu('a', 1, 0)], { capacities: [1, 0.5] })
    expect(hindsightOf(times(4, uneven), false)).toEqual({ cost: expect.closeTo(0.5 / 4, 9), kind: 'bound' })
  })

  it('is nothing without ticks', () => {
    expect(hindsightOf([], false)).toEqual({ cost: 0, kind: 'exact' })
  })
})
