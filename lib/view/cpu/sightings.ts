import type { CpuSample } from '../../host/sample.ts'

/** Where the vCPUs were at one sample and what they used, by row. */
export interface Sightings {
  readonly cpu: CpuSample
  /** The pCPU that each was on, as `placeOf` says; -1: that or its usage is not known. */
  readonly places: Int32Array
}

/**
 * By row of `now`: the row that the same vCPU of the same run of its domain has in `before`, -1 where it has none.
 * Undefined: all rows are the same, as they nearly always are.
 */
export function rowsBefore(before: CpuSample, now: CpuSample): Int32Array | undefined {
  if (before.domains === now.domains && isEqual(before.vcpu, now.vcpu)) {
    if (isEqual(before.vcpuStart, now.vcpuStart)) return undefined
  }
  const indexOf = new Map(before.domains.map(({ uuid, id }, index) => [`${uuid} ${id}`, index]))
  const rows = new Int32Array(now.vcpu.length).fill(-1)
  now.domains.forEach(({ uuid, id }, index) => {
    const there = indexOf.get(`${uuid} ${id}`)
    if (there === undefined) return
    const first = before.vcpuStart[there]!
    const vcpus = before.vcpu.subarray(first, before.vcpuStart[there + 1])
    for (let row = now.vcpuStart[index]!; row < now.vcpuStart[index + 1]!; row++) {
      const found = vcpus.indexOf(now.vcpu[row]!)
      if (found >= 0) rows[row] = first + found
    }
  })
  return rows
}

function isEqual(one: Uint32Array, other: Uint32Array): boolean {
  if (one.length !== other.length) return false
  for (let i = 0; i < one.length; i++) if (one[i] !== other[i]) return false
  return true
}
