import { CpuSet } from '../host/cpuset.ts'
import type { Topology } from '../host/topology.ts'
import type { DomainSettings } from './settings.ts'

/** Where vCPUs may be placed. Hands out the same object for the same limits, since thousands of vCPUs share a few. */
export class AllowedSets {
  /** pCPUs that are online and not reserved. */
  readonly usable: CpuSet
  readonly #within = new WeakMap<CpuSet, WeakMap<CpuSet, CpuSet>>()

  constructor(topology: Topology, reserved: CpuSet) {
    this.usable = reserved.isEmpty ? topology.online : topology.online.without(...reserved)
  }

  /** The usable pCPUs that the settings allow, and of those the ones in `pinned`, where that is a limit; none where nothing may be changed. */
  of({ managed, cpus }: DomainSettings, pinned: CpuSet | undefined): CpuSet {
    if (!managed) return CpuSet.empty
    const chosen = cpus === undefined ? this.usable : this.#intersect(this.usable, cpus)
    return pinned === undefined ? chosen : this.#intersect(chosen, pinned)
  }

  #intersect(set: CpuSet, other: CpuSet): CpuSet {
    let known = this.#within.get(set)
    if (!known) {
      known = new WeakMap()
      this.#within.set(set, known)
    }
    let common = known.get(other)
    if (!common) {
      common = set.and(other)
      known.set(other, common)
    }
    return common
  }
}
