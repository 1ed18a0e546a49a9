import { CpuSet } from '../../host/cpuset.ts'
import type { CpuSample, DomainIdentity } from '../../host/sample.ts'
import type { Topology } from '../../host/topology.ts'
import type { DomainSettings } from '../domain-settings.ts'
import type { DomainView, UnusableReason, View } from '../view.ts'
import { AllowedSets } from './allowed-cpus.ts'
import type { AffinitySets } from './cpuset-pool.ts'

/** What limits where vCPUs may be placed, beside the host itself. */
export interface UsableCpusOptions {
  /** pCPUs that are the host's own. Default: none. */
  readonly reserved?: CpuSet | undefined
  /** Default false. */
  readonly respectPins?: boolean | undefined
  /** pCPUs on which a pin of a domain was refused lately; `cpuset`: its own, where that can be read. Default: none. */
  readonly refused?: ((domain: DomainIdentity, cpuset: CpuSet | undefined) => CpuSet) | undefined
}

/** Where the vCPUs of each domain may be placed, and why not elsewhere, sample by sample. */
export class UsableCpus {
  readonly #options: UsableCpusOptions
  readonly #pool: AffinitySets
  #topology: Topology
  #allowed: AllowedSets
  /** Of all domains of the present sample. */
  #refused = CpuSet.empty

  constructor(topology: Topology, options: UsableCpusOptions, pool: AffinitySets) {
    this.#options = options
    this.#pool = pool
    this.#topology = topology
    this.#allowed = this.#allowedSets()
  }

  /** Begins with the next sample, and the topology of that. */
  begin(topology: Topology): void {
    this.#refused = CpuSet.empty
    if (topology === this.#topology) return
    this.#topology = topology
    this.#allowed = this.#allowedSets()
  }

  /** Where the kernel lets domain `index` of the sample run: see {@link DomainView.cpuset}. */
  cpusetOf({ cpuset, affinityWords: words, domains }: CpuSample, index: number): CpuSet | undefined {
    const known = cpuset && this.#pool.at(cpuset, index * words, words)
    const { online } = this.#topology
    const refused = this.#options.refused?.(domains[index]!, known) ?? CpuSet.empty
    if (refused.isEmpty) return known
    this.#refused = this.#refused.or(refused)
    return (known ?? online).minus(refused)
  }

  /**
   * What is left of a cpuset (undefined: all) beside memory that is bound to these cells: their pCPUs, where there are any.
   * It is a bound and no cost, since such memory never follows a vCPU that leaves it.
   */
  beside(cells: CpuSet | undefined, cpuset: CpuSet | undefined): CpuSet | undefined {
    if (!cells) return cpuset
    const near = this.#topology.cells
      .filter(({ id }) => cells.has(id))
      .reduce((all, { cpus }) => all.or(cpus), CpuSet.empty)
    const both = (cpuset ?? this.#topology.online).and(near)
    return both.and(this.#allowed.usable).isEmpty ? cpuset : both
  }

  /** Where a vCPU may be placed, by the settings and the cpuset of its domain and by what it could run on at `first`. */
  allowed(settings: DomainSettings, first: CpuSet | undefined, cpuset: CpuSet | undefined): CpuSet {
    return this.#allowed.of(settings, first, cpuset)
  }

  /**
   * pCPUs that some managed domain may be placed on; all but the host's own, where none is managed. With it for each
   * of the others, why it is not among them.
   */
  ofHost(domains: readonly DomainView[]): Pick<View, 'online'> & { readonly why: WhyUnusable } {
    const online = usableByAny(this.#allowed.usable, domains)
    const { reserved = CpuSet.empty } = this.#options
    const why = (pcpu: number): UnusableReason | undefined => {
      if (online.has(pcpu)) return undefined
      if (reserved.has(pcpu)) return { kind: 'pcpu-reserved' }
      if (this.#allowed.isolated.has(pcpu)) return { kind: 'pcpu-isolated' }
      if (this.#refused.has(pcpu)) return { kind: 'pcpu-refused' }
      return { kind: 'pcpu-outside-cpuset', usable: online }
    }
    return { online, why }
  }

  #allowedSets(): AllowedSets {
    const { reserved = CpuSet.empty, respectPins = false } = this.#options
    return new AllowedSets(this.#topology, reserved, respectPins)
  }
}

/** Why an online pCPU is not used; undefined: it is. */
export type WhyUnusable = (pcpu: number) => UnusableReason | undefined

function usableByAny(placeable: CpuSet, domains: readonly DomainView[]): CpuSet {
  let all = CpuSet.empty
  for (const { settings, cpuset } of domains) {
    if (!settings.managed) continue
    if (!cpuset) return placeable
    all = all.or(cpuset)
  }
  const usable = placeable.and(all)
  return usable.isEmpty ? placeable : usable
}

/** The online pCPUs that the kernel lets a domain run on, as far as known. */
export function usableBy({ cpuset }: Pick<DomainView, 'cpuset'>, { online }: Topology): CpuSet {
  return cpuset ? cpuset.and(online) : online
}

/**
 * Whether `seen`, the affinity of a vCPU whose domain's cpuset is not known, looks like one: more than one pCPU and not all
 * of them, with all other vCPUs within.
 */
export function looksLikeCpuset(seen: CpuSet, { vcpus, topology }: View): boolean {
  if (seen.size < 2 || topology.online.isSubsetOf(seen)) return false
  const others = vcpus.flatMap(({ affinity }) => (affinity && affinity !== seen ? affinity : []))
  return others.length > 0 && others.every((affinity) => affinity.isSubsetOf(seen))
}
