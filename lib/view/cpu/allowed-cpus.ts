import { CpuSet } from '../../host/cpuset.ts'
import type { Topology } from '../../host/topology.ts'
import type { DomainSettings } from '../domain-settings.ts'

/** Where vCPUs may be placed. Hands out the same object for the same limits, since thousands of vCPUs share a few. */
export class AllowedSets {
  /** pCPUs that are online, not isolated and not reserved. */
  readonly usable: CpuSet
  readonly isolated: CpuSet
  readonly #respectPins: boolean
  readonly #within = new WeakMap<CpuSet, WeakMap<CpuSet, CpuSet>>()
  /** What was asked for last, and the answer: vCPUs of a domain, and domains, come in runs that are alike. */
  readonly #last: {
    managed: boolean | undefined
    cpus: CpuSet | undefined
    first: CpuSet | undefined
    cpuset: CpuSet | undefined
    allowed: CpuSet
  } = { managed: undefined, cpus: undefined, first: undefined, cpuset: undefined, allowed: CpuSet.empty }

  /** With `respectPins` what a vCPU could run on at first is a limit, too. */
  constructor(topology: Topology, reserved: CpuSet, respectPins: boolean) {
    this.isolated = topology.isolated ?? CpuSet.empty
    this.#respectPins = respectPins
    this.usable = topology.online.minus(reserved.or(this.isolated))
  }

  /**
   * Where a vCPU may be placed by the settings of its domain, by the cpuset of that and by what it could run on at
   * `first`. Nowhere when nothing may be changed, and when it was given isolated pCPUs only: whoever did that meant it.
   */
  of(settings: DomainSettings, first: CpuSet | undefined, cpuset?: CpuSet | undefined): CpuSet {
    const last = this.#last
    const { managed, cpus } = settings
    const isSame = managed === last.managed && cpus === last.cpus
    if (!isSame || first !== last.first || cpuset !== last.cpuset) {
      last.allowed = this.#of(settings, first, cpuset)
      last.managed = managed
      last.cpus = cpus
      last.first = first
      last.cpuset = cpuset
    }
    return last.allowed
  }

  #of({ managed, cpus }: DomainSettings, first: CpuSet | undefined, cpuset: CpuSet | undefined): CpuSet {
    if (!managed) return CpuSet.empty
    if (first && !this.isolated.isEmpty && first.isSubsetOf(this.isolated)) return CpuSet.empty
    const within = cpuset === undefined ? this.usable : this.#intersect(this.usable, cpuset)
    const chosen = cpus === undefined ? within : this.#intersect(within, cpus)
    return first && this.#respectPins ? this.#intersect(chosen, first) : chosen
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
