import { memoryColumns, type NativeHugePagePool, type NativeMemorySample } from '../addon/native.ts'
import type { DomainIdentity, HugePagePool, MemorySample } from '../host/sample.ts'
import { KiB } from '../util/units.ts'

/** What native code does not say with a memory sample. */
interface Beside {
  readonly domains: readonly DomainIdentity[]
  /** Milliseconds since the epoch at which it was taken. */
  readonly wallTime: number
  /** Bytes of memory, and pools of huge pages, of a host that does not say it with the sample. */
  readonly total: number
  readonly pools: readonly HugePagePool[]
}

/** A memory sample of the addon as a host gives it: its columns are parts of one array, without a copy. */
export function memorySample(
  sample: NativeMemorySample,
  { domains, wallTime, total, pools }: Beside,
): MemorySample {
  const rows = sample.status.length
  const column = (name: (typeof memoryColumns)[number]) => {
    const start = memoryColumns.indexOf(name) * rows
    return sample.values.subarray(start, start + rows)
  }
  return {
    domains,
    time: sample.time,
    wallTime,
    status: sample.status,
    state: sample.state,
    maximum: column('maximum'),
    actual: column('actual'),
    available: column('available'),
    unused: column('unused'),
    usable: column('usable'),
    diskCaches: column('diskCaches'),
    swapIn: column('swapIn'),
    swapOut: column('swapOut'),
    majorFaults: column('majorFaults'),
    rss: column('rss'),
    hugePages: column('hugePages'),
    rssFile: column('rssFile'),
    lastUpdate: column('lastUpdate'),
    host: {
      total: Number.isNaN(sample.hostTotalKiB) ? total : sample.hostTotalKiB * KiB,
      free: sample.hostFreeKiB * KiB,
      available: sample.hostAvailableKiB * KiB,
      pressure: sample.hostPressure,
      hugePages: sample.hugePages?.map(toPool) ?? pools,
      zfsArc: sample.hostZfsArc,
    },
  }
}

function toPool({ cell, pageKiB, pages, free }: NativeHugePagePool): HugePagePool {
  const pageSize = pageKiB * KiB
  return { cell, pageSize, total: pages * pageSize, free: free * pageSize }
}
