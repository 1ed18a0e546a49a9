import { describe, expect, it } from 'vitest'
import type { DomainTraits } from '../../../../lib/host/domain-traits.ts'
import type { HostMemory, HugePagePool } from '../../../../lib/host/sample.ts'
import { GiB, MiB } from '../../../../lib/util/units.ts'
import { commitment } from '../../../../lib/view/memory/commitment.ts'
import { unallocatedMemory } from '../../../../lib/view/memory/unallocated.ts'
import type { DomainMemoryView } from '../../../../lib/view/view.ts'
import { viewOf } from '../../control/views.ts'
import { type Told, Watched } from './guest.ts'
import { unknownMemory } from './samples.ts'

const pool = (cell: number, pageSize: number, total: number, free: number): HugePagePool => {
  return { cell, pageSize, total, free }
}
const host = (more: Partial<HostMemory> = {}): HostMemory => {
  return { total: 16 * GiB, free: 5 * GiB, available: 6 * GiB, pressure: 0, ...more }
}
const look = (memory: HostMemory, countZfsArc = false) =>
  new Watched({ hostMemoryReserve: GiB, countZfsArc }).look({}, 1_000, memory).memory

describe('a pool of huge pages', () => {
  it('is no part of the budget, whether it is used or not, and of whatever size its pages are', () => {
    const hugePages = [
      pool(0, 2 * MiB, 2 * GiB, 2 * GiB),
      pool(0, GiB, 4 * GiB, 0),
      pool(1, 2 * MiB, 2 * GiB, Number.NaN),
    ]
    expect(look(host({ hugePages }))).toMatchObject({
      total: 8 * GiB,
      budget: 7 * GiB,
      available: 6 * GiB,
      hugePages: [{ free: 2 * GiB }, { free: 0 }, { cell: 1, free: undefined }],
    })
    expect(look(host()).hugePages).toBeUndefined()
  })

  it('leaves a host as it is that has little available beside it', () => {
    const beside = { available: 0.5 * GiB, free: 0.5 * GiB }
    expect(look(host({ ...beside, hugePages: [pool(0, GiB, 12 * GiB, 0)] })).state).toBe('high')
    expect(look(host(beside)).state).toBe('hard')
  })
})

describe('what the ZFS ARC can give back', () => {
  it('counts as available where that is asked for', () => {
    const zfs = host({ zfsArc: 3 * GiB })
    expect(look(zfs)).toMatchObject({ available: 6 * GiB, zfsArc: 3 * GiB })
    expect(look(zfs, true)).toMatchObject({ available: 9 * GiB, zfsArc: 3 * GiB })
  })

  it('changes nothing where there is no ZFS', () => {
    for (const zfsArc of [undefined, Number.NaN]) {
      expect(look(host({ zfsArc }), true)).toMatchObject({ available: 6 * GiB, zfsArc: undefined })
    }
  })
})

const figures: (keyof DomainMemoryView)[] = ['maximum', 'actual', 'target', 'rss', 'hugePages', 'rssFile']

describe('a guest counts for', () => {
  it.each<[string, Partial<DomainMemoryView>, number]>([
    ['what its QEMU uses alone, on huge pages', { actual: 8_192, hugePages: 8_192, rss: 150 }, 150],
    ['the overhead at least', { actual: 8_192, hugePages: 8_192, rss: 30 }, 64],
    ['the same when another program shrank its balloon', { actual: 2_048, hugePages: 8_192, rss: 150 }, 150],
    ['the same while its size is not known', { actual: undefined, hugePages: 8_192, rss: 150 }, 150],
    ['its other cells, with some on huge pages', { actual: 8_192, hugePages: 6_144, rss: 150 }, 2_048 + 64],
    ['its other cells, resident', { actual: 8_192, hugePages: 6_144, rss: 2_200 }, 2_200],
    ['all of its maximum, locked', { actual: 2_048, rss: 150, pinned: 'locked' }, 8_192 + 64],
    ['what is resident, with a device', { actual: 2_048, rss: 8_400, pinned: 'passthrough' }, 8_400],
  ])('%s', (_, memory, counts) => {
    const pinned = memory.pinned ?? 'huge pages'
    const inBytes = Object.fromEntries(
      figures
        .map((name) => [name, { maximum: 8_192, ...memory }[name as 'maximum']])
        .map(([name, mib]) => [name, mib === undefined ? undefined : Number(mib) * MiB]),
    )
    const bytes = commitment({ memory: { ...unknownMemory, ...inBytes, pinned } }, 64 * MiB)
    expect(bytes / MiB).toBe(counts)
  })
})

describe('what no guest has', () => {
  const shape = { name: 'a', memory: { maximum: 4 * GiB, actual: 4 * GiB, rss: 4.25 * GiB } }
  const free = (memory: Partial<DomainMemoryView>) =>
    unallocatedMemory(
      viewOf({
        domains: [{ ...shape, memory: { ...shape.memory, ...memory } }],
        available: 8 * GiB,
        reserve: 0,
      }),
    )

  it('does not count twice what a guest has in a file: the kernel says that it is available', () => {
    expect(free({})).toBe(8 * GiB)
    expect(free({ fileBacked: true, rssFile: 4 * GiB })).toBe(4 * GiB)
    expect(free({ fileBacked: true })).toBe(3.75 * GiB)
    // Of a file on tmpfs, nothing is.
    expect(free({ fileBacked: true, rssFile: 0 })).toBe(8 * GiB)
  })
})

describe('the hold of a guest', () => {
  const seen = (traits: Partial<DomainTraits>, told: Told = {}) => {
    const whole = { balloon: 'virtio', statsPeriodSeconds: 1, pinnedMemory: undefined, ...traits } as const
    return new Watched({ traits: () => whole }).see(told)
  }

  it('says that huge pages pin it, by its definition or by what its QEMU has mapped', () => {
    expect(seen({ pinnedMemory: 'huge pages', hugePages: 2 * GiB })).toMatchObject({
      hold: 'memory is pinned',
      pinned: 'huge pages',
      hugePages: 2 * GiB,
    })
    expect(seen({}, { memory: { hugePages: 512 } })).toMatchObject({
      hold: 'memory is pinned',
      pinned: 'huge pages',
      hugePages: 512 * MiB,
    })
    expect(seen({}, { memory: { hugePages: 0 } })).toMatchObject({ hold: undefined, pinned: undefined })
  })

  it('says that a device pins what is on huge pages as well', () => {
    expect(seen({ pinnedMemory: 'passthrough', hugePages: 2 * GiB }).pinned).toBe('passthrough')
  })
})
