import type { HostMemory } from '../../host/sample.ts'
import { known } from '../../util/known.ts'

/** Bytes of the host that are huge pages, used or not. */
export function hugePageBytes(pools: readonly { readonly total: number }[] = []): number {
  return pools.reduce((sum, { total }) => sum + total, 0)
}

/**
 * The host's memory in ordinary pages, which is all that balloons can move: a pool of huge pages is no part of it.
 * `countZfsArc`: whether what the ZFS ARC can give back counts as available.
 */
export function ordinaryMemory(host: HostMemory, countZfsArc: boolean): HostMemory {
  const { total, available, hugePages, zfsArc } = host
  return {
    ...host,
    total: Math.max(0, total - hugePageBytes(hugePages)),
    available: available + (countZfsArc ? (known(zfsArc) ?? 0) : 0),
  }
}
