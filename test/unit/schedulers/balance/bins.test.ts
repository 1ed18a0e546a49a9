import { describe, expect, it } from 'vitest'
import { CpuSet } from '../../../../lib/host/cpuset.ts'
import { balance } from '../../../../lib/schedulers/balance.ts'
import { settle, viewOf } from './views.ts'

const looks = 20
const busy = (count: number, on: (index: number) => number, demand = 0.9) =>
  Array.from({ length: count }, (_, index) => ({ demand, on: on(index) }))
const perUnit = (where: readonly number[], size: number) => {
  const counts = new Map<number, number>()
  for (const on of where) counts.set(Math.floor(on / size), (counts.get(Math.floor(on / size)) ?? 0) + 1)
  return [...counts.values()].sort()
}

describe('threads of a core', () => {
  it('are filled after the cores: four busy vCPUs on four cores of two threads have a core each', () => {
    const { where, rounds } = settle(
      { shape: { cores: 4, threads: 2 }, vcpus: busy(4, (i) => i) },
      balance(),
      looks,
    )
    expect(perUnit(where, 2)).toEqual([1, 1, 1, 1])
    expect(rounds).toMatchObject([{ moves: 2 }])
  })

  it('share what a core has to carry: two vCPUs on one thread are spread over both', () => {
    const vcpus = busy(4, (i) => (i < 2 ? 0 : 2))
    const { where } = settle({ shape: { cores: 2, threads: 2 }, vcpus }, balance(), looks)
    expect([...where].sort()).toEqual([0, 1, 2, 3])
  })

  it('are left alone when cores are level and each thread has one', () => {
    const host = { shape: { cores: 4, threads: 2 }, vcpus: busy(8, (i) => i) }
    expect(settle(host, balance(), looks).rounds).toEqual([])
  })

  it('are not used while a core is idle, and a bound that says so is not chased', () => {
    const host = { shape: { cores: 4, threads: 2 }, vcpus: busy(4, (i) => 2 * i) }
    expect(settle(host, balance(), looks).rounds).toEqual([])
    const { explanation } = balance().decide(viewOf(host), balance().initialState)
    expect(explanation!.lowerBound).toBeGreaterThan(0.1)
  })

  it('worth as much as cores are levelled like cores', () => {
    const host = { shape: { cores: 2, threads: 2 }, vcpus: busy(2, (i) => i) }
    expect(settle(host, balance({ sibling: 1 }), looks).rounds).toEqual([])
    expect(settle(host, balance(), looks).rounds).toMatchObject([{ moves: 1 }])
  })

  it('of one core are not given to two vCPUs of one guest where another way is as good', () => {
    for (const threads of [1, 2]) {
      const vcpus = [0, 1, 0, 1].map((guest) => ({ demand: 0.5, on: 0, guest }))
      const { where } = settle({ shape: { cores: 2, threads }, vcpus }, balance(), looks)
      const core = (index: number) => Math.floor(where[index]! / threads)
      expect(core(0)).not.toBe(core(2))
      expect(core(1)).not.toBe(core(3))
    }
  })
})

describe('caches and cells', () => {
  it('a vCPU goes no farther than it has to', () => {
    const shape = { cells: 2, caches: 2, cores: 2 }
    // pCPU 0 has two; pCPU 1 shares its cache, 2 and 3 its cell, the others are far: all are idle.
    const { where } = settle({ shape, vcpus: busy(2, () => 0) }, balance(), looks)
    expect([...where].sort()).toEqual([0, 1])
    const elsewhere = settle({ shape, vcpus: [...busy(2, () => 0), ...busy(1, () => 1)] }, balance(), looks)
    expect(elsewhere.where.filter((on) => on >= 4)).toEqual([])
  })

  it('a guest stays in the cell of its memory for a small gain, and leaves it for a large one', () => {
    const shape = { cells: 2, cores: 2 }
    const guests = (here: number, there: number) => [
      ...busy(4, (i) => i % 2, here).map((vcpu) => ({ ...vcpu, guest: 0 })),
      ...busy(4, (i) => 2 + (i % 2), there).map((vcpu) => ({ ...vcpu, guest: 1 })),
    ]
    const homeCell = [0, 1]
    const small = { shape, vcpus: guests(0.3, 0.24), homeCell }
    expect(settle(small, balance(), looks).rounds).toEqual([])
    const large = { shape, vcpus: guests(0.6, 0.1), homeCell }
    const { where } = settle(large, balance(), looks)
    expect(where.slice(0, 4).filter((on) => on >= 2).length).toBeGreaterThan(0)
    expect(where.slice(4).every((on) => on >= 2)).toBe(true)
  })
})

describe('capacity and background', () => {
  it('a pCPU of half the speed gets half the load', () => {
    const host = { shape: { cores: 2 }, capacity: [1, 0.5], vcpus: busy(6, () => 0, 0.2) }
    expect(settle(host, balance(), looks).where.filter((on) => on === 1)).toHaveLength(2)
  })

  it('what else runs on a pCPU is part of its load', () => {
    const host = { shape: { cores: 2 }, background: [0.6, 0], vcpus: busy(4, (i) => i % 2, 0.3) }
    expect(settle(host, balance({ background: true }), looks).where.filter((on) => on === 0)).toHaveLength(1)
  })

  it('background alone, that nothing can be done about, moves nobody', () => {
    const host = { shape: { cores: 2 }, background: [0.9, 0.1], vcpus: busy(2, () => 1, 0.3) }
    expect(settle(host, balance({ background: true }), looks).rounds).toEqual([])
  })
})

describe('the interval of demand', () => {
  it('decides between placements that are as good at the point: both ends are levelled', () => {
    const sure = { low: 0.5, high: 0.5 }
    const unsure = { low: 0.3, high: 0.9 }
    const vcpus = [sure, unsure, sure, unsure].map((range) => ({ demand: 0.5, on: 0, range }))
    const { where } = settle({ shape: { cores: 2 }, vcpus }, balance(), looks)
    expect(where[1]).not.toBe(where[3])
    expect(where[0]).not.toBe(where[2])
  })
})

describe("pin: 'set'", () => {
  const free = CpuSet.range(0, 7)
  const shape = { cells: 2, caches: 2, cores: 2 }
  const waiting = (on: readonly number[], delay: number) =>
    on.map((cpu) => ({ demand: 0.8, on: cpu, affinity: free, delay }))

  it('pins nothing while nobody waits, however uneven the load', () => {
    const host = { shape, vcpus: waiting([0, 0, 0, 0], 0.02) }
    expect(settle(host, balance({ pin: 'set' }), looks).rounds).toEqual([])
  })

  it('takes the widest sets over which load is not level', () => {
    const cells = settle({ shape, vcpus: waiting([0, 1, 2, 3], 0.5) }, balance({ pin: 'set' }), 2)
    expect(cells.rounds).toMatchObject([{ moves: 2, pins: 4 }])
    expect(new Set(cells.vcpus.map(({ affinity }) => `${affinity}`))).toEqual(new Set(['0-3', '4-7']))

    const caches = settle({ shape, vcpus: waiting([0, 1, 4, 5], 0.5) }, balance({ pin: 'set' }), 2)
    expect(new Set(caches.vcpus.map(({ affinity }) => `${affinity}`))).toEqual(
      new Set(['0-1', '2-3', '4-5', '6-7']),
    )
  })

  it('tightens them when vCPUs wait all the same, and then rests', () => {
    const host = { shape: { cores: 4 }, vcpus: waiting([0, 0, 0, 0], 0.5) }
    const { rounds, vcpus } = settle(host, balance({ pin: 'set' }), 60)
    expect(rounds).toMatchObject([{ moves: 3, pins: 4 }])
    expect(new Set(vcpus.map(({ affinity }) => `${affinity}`)).size).toBe(4)
  })

  it('keeps to what is allowed', () => {
    const vcpus = waiting([0, 1, 2, 3], 0.5).map((vcpu) => ({ ...vcpu, allowed: [0, 1, 2, 5] }))
    const { vcpus: after } = settle({ shape, vcpus }, balance({ pin: 'set' }), looks)
    for (const { affinity } of after)
      expect(affinity!.isSubsetOf(CpuSet.of(0, 1, 2, 5)) || affinity === free).toBe(true)
  })
})
