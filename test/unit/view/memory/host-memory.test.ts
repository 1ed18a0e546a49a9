import { describe, expect, it } from 'vitest'
import type { HostMemory } from '../../../../lib/host/sample.ts'
import { GiB, MiB } from '../../../../lib/util/units.ts'
import { Observer } from '../../../../lib/view/observer.ts'
import { topologyOf } from '../../schedulers/world.ts'
import { cpuSample, memorySample } from '../samples.ts'
import { Watched } from './guest.ts'

const host = (percent: number, pressure = Number.NaN): HostMemory => {
  return { total: 100 * GiB, free: 0, available: percent * GiB, pressure }
}

/** The state after each sample. */
function states(hosts: readonly HostMemory[]): string[] {
  const guest = new Watched()
  return hosts.map((each) => guest.look({}, 1_000, each).memory.state)
}

describe("the host's state", () => {
  it.each([
    [50, 'high'],
    [6, 'high'],
    [5.9, 'soft'],
    [4, 'soft'],
    [3.9, 'hard'],
    [2, 'hard'],
    [1.9, 'low'],
    [0, 'low'],
  ])('with %d %% available is %s', (percent, state) => {
    expect(states([host(percent)])).toEqual([state])
  })

  it('becomes worse at once, and better when the edge is clearly passed', () => {
    const seen = [6.2, 5.9, 6.2, 6.4, 6.6, 1.5, 2.3, 2.6, 4.4, 4.6, 10].map((percent) => host(percent))
    expect(states(seen)).toEqual([
      'high',
      'soft',
      'soft',
      'soft',
      'high',
      'low',
      'low',
      'hard',
      'hard',
      'soft',
      'high',
    ])
  })

  it('does not change back and forth around an edge', () => {
    const around = Array.from({ length: 40 }, (_, i) => host(4 + (i % 2 === 0 ? 0.2 : -0.2)))
    expect(states(around).slice(1)).toEqual(Array(39).fill('hard'))
  })

  it('is worse by one while tasks wait for memory', () => {
    expect(states([host(50, 0.2), host(50, 0.07), host(50, 0.01), host(50, 0.07)])).toEqual([
      'soft',
      'soft',
      'high',
      'high',
    ])
    expect(states([host(1, 0.9)])).toEqual(['low'])
  })

  it('is high when the host tells nothing, and stays when it stops telling', () => {
    expect(states([host(Number.NaN)])).toEqual(['high'])
    expect(states([host(1), host(Number.NaN)])).toEqual(['low', 'low'])
  })
})

it('keeps what is reserved for guests about to start out of the budget', () => {
  const observer = new Observer(topologyOf(1), { hostMemoryReserve: GiB, domainOverhead: 0 })
  const look = (reserved?: number) => {
    const seen = { cpu: cpuSample(0, []), memory: memorySample(0, []), targets: new Map<string, number>() }
    return observer.observe({ ...seen, reserved }).memory
  }
  expect(look()).toMatchObject({ reserved: 0, budget: 7_168 * MiB })
  expect(look(3 * GiB)).toMatchObject({ reserved: 3 * GiB, budget: 4_096 * MiB })
  expect(look(9 * GiB)).toMatchObject({ reserved: 9 * GiB, budget: 0 })
})
