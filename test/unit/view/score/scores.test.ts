import { describe, expect, it } from 'vitest'
import type { CpuQuota } from '../../../../lib/host/cpu-quota.ts'
import { DomainState } from '../../../../lib/host/sample.ts'
import { MiB } from '../../../../lib/util/units.ts'
import { lowestScore, scoresOf } from '../../../../lib/view/score/scores.ts'
import type { DomainMemoryView, VcpuView, View } from '../../../../lib/view/view.ts'
import { type DomainSketch, viewOf } from '../../report/ticks.ts'

const calm = { swappedOut: 0, majorFaultsPerSecond: 0, underPressure: false, oomKilled: false }
const need = { inUse: 300 * MiB, swapDebt: 0, burst: 0, total: 300 * MiB, growthPerSecond: 0 }

/** The scores of guests, in the order of the sketches. */
function scores(sketches: readonly DomainSketch[], change: (view: View) => View = (view) => view) {
  const { cpu, memory, together } = scoresOf(change(viewOf(2, sketches)))
  return { cpu: [...cpu], memory: [...memory], together: [...together] }
}

function cpuOf(
  vcpus: readonly Partial<VcpuView>[],
  { quota, capacity = 1 }: { quota?: CpuQuota; capacity?: number } = {},
): number {
  const change = (view: View): View => ({
    ...view,
    pcpus: view.pcpus.map((pcpu) => ({ ...pcpu, capacity })),
    domains: view.domains.map((domain) => ({
      ...domain,
      cpuQuota: quota,
      vcpus: domain.vcpus.map((vcpu, i) => ({ ...vcpu, ...vcpus[i] })),
    })),
  })
  return scores([{ name: 'a', vcpus: vcpus.map(() => ({ on: 0 })) }], change).cpu[0]!
}

function memoryOf(memory: Partial<DomainMemoryView>): number {
  const known = { actual: 512 * MiB, need, events: calm, ...memory }
  return scores([{ name: 'a', memory: known }]).memory[0]!
}

describe('the score of CPU', () => {
  it.each<[string, readonly Partial<VcpuView>[], number]>([
    ['that never waits', [{ usage: 0.4, delay: 0 }], 100],
    ['that wants nothing', [{ usage: 0, delay: 0 }], 100],
    ['of one of four that spin on one pCPU', [{ usage: 0.25, delay: 0.75 }], 25],
    ['that sleeps between its work', [{ usage: 0.3, delay: 0.3 }], 70],
    ['that waits all the time', [{ usage: 0, delay: 1 }], 0],
    [
      'by what each vCPU wants',
      [
        { usage: 0.5, delay: 0.5 },
        { usage: 0.5, delay: 0 },
      ],
      67,
    ],
    [
      'with hardly any work behind a wait',
      [
        { usage: 0, delay: 0.5 },
        { usage: 0.5, delay: 0 },
      ],
      100,
    ],
  ])('%s', (_case, vcpus, points) => {
    expect(cpuOf(vcpus)).toBe(points)
  })

  it('is within the quotas', () => {
    const held = { usage: 0.3, delay: 0, throttled: 0.7 }
    expect(cpuOf([held], { quota: { vcpu: 0.3, global: undefined } as CpuQuota })).toBe(100)
    const crowded = { usage: 0.2, delay: 0.2, throttled: 0.6 }
    expect(cpuOf([crowded], { quota: { vcpu: 0.4, global: undefined } as CpuQuota })).toBe(50)
    const both = [
      { usage: 0.25, delay: 0.75 },
      { usage: 0.25, delay: 0.75 },
    ]
    expect(cpuOf(both, { quota: { global: 1 } as CpuQuota })).toBe(50)
    expect(cpuOf(both, { quota: { global: 0.5 } as CpuQuota })).toBe(100)
  })

  it('counts what a slower pCPU does', () => {
    expect(cpuOf([{ usage: 1, delay: 0 }], { capacity: 0.5 })).toBe(50)
    expect(cpuOf([{ usage: 0.3, delay: 0 }], { capacity: 0.5 })).toBe(100)
  })

  it('is not known while usage or delay of one vCPU is not, and of a guest without vCPUs', () => {
    expect(cpuOf([{ usage: 0.5, delay: undefined }])).toBeNaN()
    expect(cpuOf([{ usage: 0.5, delay: 0 }, { usage: undefined }])).toBeNaN()
    expect(cpuOf([])).toBeNaN()
  })
})

describe('the score of memory', () => {
  it.each<[string, Partial<DomainMemoryView>, number]>([
    ['of a guest that has all it uses', {}, 100],
    ['that wants back what it swapped out', { need: { ...need, inUse: 500 * MiB, swapDebt: 140 * MiB } }, 80],
    ['with room for what it swapped out', { need: { ...need, swapDebt: 140 * MiB } }, 100],
    ['that waits for its pages', { events: { ...calm, underPressure: true, majorFaultsPerSecond: 400 } }, 60],
    ['that swaps in', { swappedIn: 2 * MiB, events: { ...calm, majorFaultsPerSecond: 400 } }, 60],
    ['that starts a program', { events: { ...calm, majorFaultsPerSecond: 400 } }, 100],
    [
      'that does nothing but wait',
      { events: { ...calm, underPressure: true, majorFaultsPerSecond: 5_000 } },
      0,
    ],
    ['that lost a program', { events: { ...calm, oomKilled: true } }, 0],
  ])('%s', (_case, memory, points) => {
    expect(memoryOf(memory)).toBe(points)
  })

  it('is not known without a need, or two reports', () => {
    expect(memoryOf({ need: undefined })).toBeNaN()
    expect(memoryOf({ events: undefined })).toBeNaN()
    expect(memoryOf({ actual: undefined })).toBeNaN()
  })
})

describe('the scores of a host', () => {
  const known = { actual: 512 * MiB, need, events: calm }
  const sketches: DomainSketch[] = [
    { name: 'a', vcpus: [{ on: 0, usage: 0.5, delay: 0.5 }], memory: known },
    { name: 'b', vcpus: [{ on: 1, usage: 0.5 }], memory: { ...known, events: { ...calm, oomKilled: true } } },
    { name: 'c', vcpus: [{ on: 1, usage: 0.5 }], memory: { need: undefined } },
    { name: 'd', state: DomainState.paused, vcpus: [{ on: 1, usage: 0, delay: 0 }], memory: known },
  ]

  it('are in the order of its guests, together the lower of the two, and known when both are', () => {
    const unknown = Number.NaN
    expect(scores(sketches)).toEqual({
      cpu: [50, 100, 100, unknown],
      memory: [100, 0, unknown, unknown],
      together: [50, 0, unknown, unknown],
    })
  })

  it('have a lowest one, of what is known', () => {
    const lowest = (count: number, first = 0) =>
      lowestScore(scoresOf(viewOf(2, sketches.slice(first, first + count))))
    expect(lowest(4)).toEqual({ row: 1, of: 'memory', points: 0 })
    expect(lowest(1)).toEqual({ row: 0, of: 'cpu', points: 50 })
    expect(lowest(1, 2)).toEqual({ row: 0, of: 'cpu', points: 100 })
    expect(lowest(1, 3)).toBeUndefined()
  })
})
