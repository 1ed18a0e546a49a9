import type { CpuQuota } from '../host/cpu-quota.ts'
import type { CpuSet } from '../host/cpuset.ts'
import type { DomainTraits } from '../host/domain-traits.ts'
import type { DomainIdentity } from '../host/sample.ts'
import { type DomainSettings, defaultSettings } from './domain-settings.ts'

/** What is asked about a domain that no sample says. */
export interface FactSources {
  /** What was said of a domain. Default: {@link defaultSettings} of each. */
  readonly settings?: ((domain: DomainIdentity) => DomainSettings) | undefined
  /** A domain's `cpu_shares`, where Ballast may change them. Default: of none. */
  readonly cpuShares?: ((domain: DomainIdentity) => number | undefined) | undefined
  /** A domain's quotas, as far as they are known. Default: none is known. */
  readonly cpuQuota?: ((domain: DomainIdentity) => CpuQuota | undefined) | undefined
  /** What libvirt has a domain's vCPUs pinned to, by number. Default: not known. */
  readonly pins?: ((domain: DomainIdentity) => ReadonlyMap<number, CpuSet> | undefined) | undefined
  /** What is known of a domain's devices. Default: nothing is. */
  readonly traits?: ((domain: DomainIdentity) => DomainTraits | undefined) | undefined
  /**
   * A number that is another one after any answer of these has changed: while it stays the same, domains that were asked
   * about are not asked about again. Default: each is asked about at every sample.
   */
  readonly factsVersion?: (() => number) | undefined
}

/** What is known of one domain beside samples. */
export interface DomainFacts {
  readonly settings: DomainSettings
  readonly cpuShares: number | undefined
  readonly cpuQuota: CpuQuota | undefined
  readonly pins: ReadonlyMap<number, CpuSet> | undefined
  readonly traits: DomainTraits | undefined
}

/** The facts of all domains of a sampler, by row: collected anew when an answer, or the set of domains, has changed. */
export class FactsTable {
  readonly #sources: FactSources
  #domains: readonly DomainIdentity[] | undefined
  #version = Number.NaN
  #facts: readonly DomainFacts[] = []

  constructor(sources: FactSources) {
    this.#sources = sources
  }

  /** Those of these domains, in their order; never changed afterwards. */
  of(domains: readonly DomainIdentity[]): readonly DomainFacts[] {
    const version = this.#sources.factsVersion?.() ?? Number.NaN
    if (domains !== this.#domains || version !== this.#version) {
      this.#facts = domains.map((domain) => this.#of(domain))
      this.#domains = domains
      this.#version = version
    }
    return this.#facts
  }

  #of(domain: DomainIdentity): DomainFacts {
    const { settings, cpuShares, cpuQuota, pins, traits } = this.#sources
    return {
      settings: settings?.(domain) ?? defaultSettings,
      cpuShares: cpuShares?.(domain),
      cpuQuota: cpuQuota?.(domain),
      pins: pins?.(domain),
      traits: traits?.(domain),
    }
  }
}
