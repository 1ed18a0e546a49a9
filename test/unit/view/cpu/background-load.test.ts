import { describe, expect, it } from 'vitest'
import { CpuSet } from '../../../../lib/host/cpuset.ts'
import { simulate } from '../../../../lib/simulation/index.ts'
import { Observer } from '../../../../lib/view/observer.ts'
import { topologyOf } from '../../schedulers/world.ts'
import { cpuSample, type Row } from '../samples.ts'

const none = { hostMemoryReserve: 0, domainOverhead: 0 }

/** Background of each pCPU after samples that are all the same. */
function background(busy: readonly number[], vcpus: Row['vcpus'], samples = 1): (number | undefined)[] {
  const observer = new Observer(topologyOf(busy.length), none)
  const cpu = {
    ...cpuSample(0, [{ uuid: 'a', vcpus: vcpus ?? [] }], busy.length),
    pcpuBusy: Float64Array.from(busy),
  }
  const views = Array.from({ length: samples }, () => {
    return observer.observe({ cpu, memory: undefined, targets: new Map() })
  })
  return views.at(-1)!.pcpus.map((pcpu) => pcpu.background)
}

const rounded = (levels: readonly (number | undefined)[]) =>
  levels.map((level) => level && Math.round(1_000 * level) / 1_000)

describe('background load', () => {
  it('is what a pCPU is busy with beside the vCPUs that are pinned there', () => {
    const vcpus = [
      { usage: 0.3, pcpu: 0, affinity: '0' },
      { usage: 0.2, pcpu: 0, affinity: '0' },
      { usage: 0.4, pcpu: 0, affinity: '1' },
    ]
    expect(rounded(background([0.75, 0.4, 0.1], vcpus))).toEqual([0.25, 0, 0.1])
  })

  it('is never below 0', () => {
    expect(background([0.3], [{ usage: 0.35, pcpu: 0, affinity: '0' }])).toEqual([0])
  })

  it('is what free vCPUs do not explain, wherever they were', () => {
    const vcpus = [
      { usage: 0.5, pcpu: 2, affinity: '0-2' },
      { usage: 0.4, pcpu: 2, affinity: '0-2' },
      { usage: 0.4, pcpu: 0, affinity: '0' },
    ]
    expect(rounded(background([0.7, 0.3, 0.6], vcpus))).toEqual([0.075, 0.075, 0.15])
  })

  it('is not known where what a vCPU used is not known', () => {
    const vcpus = [
      { pcpu: 0, affinity: '0' },
      { usage: 0.1, pcpu: 1, affinity: '1' },
    ]
    expect(rounded(background([0.7, 0.3, Number.NaN], vcpus))).toEqual([undefined, 0.2, undefined])
  })

  const inTheSimulation = async (affinities: readonly (readonly [string] | readonly [])[]) => {
    const host = simulate({
      pcpus: 2,
      background: [0.05, 0.3],
      domains: affinities.map(([affinity], i) => ({
        name: `guest${i}`,
        vcpus: [{ load: { kind: 'loop', work: 2, sleep: 14 }, ...(affinity ? { affinity } : {}) }],
      })),
      changes: [{ at: 40_000, kind: 'background', pcpu: 0, part: 0.4 }],
    })
    const observer = new Observer(host.topology, none)
    const levels = []
    for (let time = 0; time <= 46_000; time += 2_000) {
      await host.clock.sleepUntil(time)
      const view = observer.observe({ cpu: await host.sampleCpu(), memory: undefined, targets: new Map() })
      if (time === 38_000 || time === 46_000) levels.push(view.pcpus.map((pcpu) => pcpu.background!))
    }
    return levels
  }

  it('on the simulated host is what the host itself does, and follows when that changes', async () => {
    const [first, then] = await inTheSimulation([['0'], ['0'], ['1'], ['1']])
    expect(first![0]).toBeCloseTo(0.05, 1)
    expect(first![1]).toBeCloseTo(0.3, 1)
    expect(then![0]).toBeCloseTo(0.4, 1)
  })

  it('is known in all, though not where, when nobody knows where vCPUs ran', async () => {
    const [first, then] = await inTheSimulation([['0'], ['1'], [], []])
    expect(first![0]! + first![1]!).toBeCloseTo(0.35, 1)
    expect(then![0]! + then![1]!).toBeCloseTo(0.7, 1)
  })
})

describe("a domain's home cell", () => {
  const cellsOf = (...samples: (readonly number[])[]) => {
    const flat = topologyOf(4)
    const topology = {
      ...flat,
      pcpus: flat.pcpus.map((pcpu) => ({ ...pcpu, cell: pcpu.id >> 1 })),
      cells: [0, 1].map((id) => ({
        id,
        cpus: CpuSet.of(2 * id, 2 * id + 1),
        memory: 2 ** 33,
        distances: new Map(),
      })),
    }
    const observer = new Observer(topology, none)
    return samples.map((pcpus) => {
      const cpu = cpuSample(0, [{ uuid: 'a', vcpus: pcpus.map((pcpu) => ({ pcpu })) }])
      return observer.observe({ cpu, memory: undefined, targets: new Map() }).domains[0]!.homeCell
    })
  }

  it('is where most of its vCPUs ran when that was first known, and stays it', () => {
    expect(cellsOf([-1, -1, -1], [0, 2, 3], [0, 0, 1])).toEqual([undefined, 1, 1])
  })

  it('is the lower of two that hold as many', () => {
    expect(cellsOf([3, 0])).toEqual([0])
  })
})
