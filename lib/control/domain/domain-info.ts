import type { CpuQuota } from '../../host/cpu-quota.ts'
import { CpuSet } from '../../host/cpuset.ts'
import type { DomainTraits } from '../../host/domain-traits.ts'
import type { BallastError } from '../../host/errors.ts'
import type { Host } from '../../host/host.ts'
import type { DomainIdentity } from '../../host/sample.ts'
import type { DomainSettings } from '../../view/domain-settings.ts'
import type { LoopConfig } from '../options.ts'
import { cpuQuotaCache } from './cpu-quota.ts'
import { cpuSharesCache } from './cpu-shares.ts'
import { RunCache } from './run-cache.ts'
import { settingsCache, unreadSettings } from './settings-cache.ts'
import { StatsPeriods, statsPeriodSeconds } from './stats-period.ts'
import { traitsCache } from './traits.ts'

/** What a loop knows of every domain beside its samples, each read once for each run of the domain. */
export class DomainInfo {
  /** What the owner of a domain wants. */
  readonly settings: RunCache<DomainSettings>
  /** Its devices; undefined where memory does not matter. */
  readonly traits: RunCache<DomainTraits> | undefined
  /** Its `cpu_shares`; undefined where no policy decides on them. */
  readonly cpuShares: RunCache<number | undefined> | undefined
  /** What libvirt has its vCPUs pinned to, by number; undefined where no policy decides on them. */
  readonly pins: RunCache<ReadonlyMap<number, CpuSet>> | undefined
  /** Its quotas. */
  readonly cpuQuota: RunCache<CpuQuota>
  /** Has guests report their memory; undefined where nothing may be changed. */
  readonly periods: StatsPeriods | undefined
  readonly #caches: readonly Pick<RunCache<unknown>, 'version' | 'follow' | typeof Symbol.dispose>[]

  /** What fails goes to `report`. */
  constructor(host: Host, config: LoopConfig, report: (error: BallastError) => void) {
    const { interval, journal, statsPeriod, scheduler, ballooning, manages, rulesOf, hostCpus } = config
    const memoryMatters = ballooning !== undefined || scheduler === undefined
    const timeout = interval / 4
    // Also what is offline: that may change while a domain runs.
    const usable = CpuSet.range(0, host.topology.cpuCount - 1).minus(hostCpus)
    this.settings = settingsCache(host, { manages, rulesOf, usable }, timeout, report)
    this.cpuQuota = cpuQuotaCache(host, timeout, report)
    if (scheduler) {
      this.cpuShares = cpuSharesCache(host, timeout, report)
      this.pins = new RunCache(host, {
        ask: ({ uuid }) => host.vcpuPins(uuid),
        isChangedBy: ({ kind }) => kind === 'vcpuPin',
        serveStale: false,
        timeout,
        report,
      })
    }
    const traits = traitsCache(host, timeout, report)
    this.traits = traits
    const { settings, cpuShares, cpuQuota, pins } = this
    this.#caches = [settings, traits, cpuShares, cpuQuota, pins].filter((cache) => cache !== undefined)
    if (!memoryMatters) return
    if (!statsPeriod || host.readOnly) return
    const seconds = statsPeriodSeconds(interval)
    this.periods = new StatsPeriods(host, journal, seconds, {
      needs: (domain) => this.#needsPeriod(domain, seconds),
      isFine: (domain) => this.#isReporting(domain, seconds),
      version: () => this.version,
      changed: (domain) => traits.forget(domain),
      report,
    })
  }

  /** Another number after each change of what the caches say of any domain. */
  get version(): number {
    let sum = 0
    for (const cache of this.#caches) sum += cache.version
    return sum
  }

  /** Reads what is not known of these domains, waits a little for the answers, and forgets all others. Never rejects. */
  async follow(domains: readonly DomainIdentity[]): Promise<void> {
    await Promise.all(this.#caches.map((cache) => cache.follow(domains)))
  }

  /** Begins nothing more, and resolves when nothing is under way that changes a guest. Never rejects. */
  async end(): Promise<void> {
    for (const cache of this.#caches) cache[Symbol.dispose]()
    await this.periods?.end()
  }

  /** The present period of a domain that has to be given one of `seconds` seconds. */
  async #needsPeriod(domain: DomainIdentity, seconds: number) {
    const { managed } = (await this.settings.read(domain)) ?? unreadSettings
    if (!managed) return undefined
    const traits = await this.traits?.read(domain)
    if (!traits) return { original: null }
    return needsNone(traits, seconds) ? undefined : { original: traits.statsPeriodSeconds ?? 0 }
  }

  /** Whether what was read of a domain says already that {@link #needsPeriod} has nothing to ask for. */
  #isReporting(domain: DomainIdentity, seconds: number): boolean {
    const settings = this.settings.of(domain)
    if (settings?.managed === false) return true
    const traits = settings && this.traits?.of(domain)
    return traits !== undefined && needsNone(traits, seconds)
  }
}

/** Whether a guest reports as often as every `seconds` seconds, or has nothing that libvirt could ask for reports. */
function needsNone({ balloon, statsPeriodSeconds = 0 }: DomainTraits, seconds: number): boolean {
  return balloon !== 'virtio' || (statsPeriodSeconds > 0 && statsPeriodSeconds <= seconds)
}
