import { describe, expect, it } from 'vitest'
import { CpuSet } from '../../../../lib/host/cpuset.ts'
import { MiB } from '../../../../lib/util/units.ts'
import { placeOf } from '../../../../lib/view/cpu/placement.ts'
import { commitment } from '../../../../lib/view/memory/commitment.ts'
import { unknownMemory } from '../memory/samples.ts'

describe('placeOf', () => {
  it.each<[string, CpuSet | undefined, number | undefined, number | undefined]>([
    ['the only one that it may run on', CpuSet.of(2), 3, 2],
    ['the one that it ran on last', CpuSet.of(1, 2), 2, 2],
    ['not one that it may no longer run on', CpuSet.of(1, 2), 3, undefined],
    ['the one that it ran on last where the affinity is not known', undefined, 3, 3],
    ['not known', CpuSet.of(1, 2), undefined, undefined],
  ])('is %s', (_, affinity, pcpu, place) => {
    expect(placeOf({ affinity, pcpu })).toBe(place)
  })
})

describe('commitment', () => {
  const of = (memory: Partial<Record<'actual' | 'target' | 'rss' | 'maximum', number>>) => {
    const inBytes = Object.fromEntries(Object.entries(memory).map(([name, size]) => [name, size * MiB]))
    return commitment({ memory: { ...unknownMemory, ...inBytes } }, 64 * MiB) / MiB
  }

  it.each([
    ['what it holds and the overhead', { actual: 512 }, 576],
    ['what it was asked to hold, when that is more', { actual: 512, target: 700 }, 764],
    ['what it holds, when it was asked for less', { actual: 512, target: 300 }, 576],
    ['what its QEMU keeps resident beyond the balloon', { actual: 300, rss: 791 }, 791],
    ['the overhead at least, when little is resident', { actual: 512, rss: 100 }, 576],
    ['the maximum, when its size is not known', { maximum: 1_024, rss: 100 }, 1_088],
    ['what is resident, when that is more', { maximum: 1_024, rss: 2_000 }, 2_000],
    ['the overhead, when nothing is known', {}, 64],
  ])('is %s', (_, memory, expected) => {
    expect(of(memory)).toBe(expected)
  })
})
