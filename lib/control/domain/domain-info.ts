import type { DomainTraits } from '../../host/domain-traits.ts'
import type { BallastError } from '../../host/errors.ts'
import type { Host } from '../../host/host.ts'
import type { DomainIdentity } from '../../host/sample.ts'
import type { DomainSettings } from '../../view/domain-settings.ts'
import type { LoopConfig } from '../options.ts'
import { cpuSharesCache } from './cpu-shares.ts'
import { RunCache } from './run-cache.ts'
import { SettingsCache } from './settings-cache.ts'
import { StatsPeriods, statsPeriodSeconds } from './stats-period.ts'

/**
 * What a loop knows of every domain beside its samples, each asked once for each run of it: what its owner wants, its
 * devices, its `cpu_shares`. And what it needs to be told to be seen at all: its statistics period.
 */
export class DomainInfo implements Disposable {
  readonly #settings: SettingsCache
  /** Undefined where memory is of no matter. */
  readonly #traits: RunCache<DomainTraits> | undefined
  /** Undefined where nobody decides on them. */
  readonly #cpuShares: RunCache<number | undefined> | undefined
  /** Undefined where nothing may be changed. */
  readonly #periods: StatsPeriods | undefined

  constructor(host: Host, settings: LoopConfig) {
    const {
      interval,
      journal,
      dryRun,
      scheduler,
      ballooning,
      manages,
      rulesOf,
      hostCpus: reserved,
    } = settings
    const memoryMatters = ballooning !== undefined || scheduler === undefined
    const patience = interval / 4
    const usable = host.topology.online.minus(reserved)
    this.#settings = new SettingsCache(host, { manages, rulesOf, usable }, patience)
    if (scheduler) this.#cpuShares = cpuSharesCache(host, patience)
    if (!memoryMatters) return
    this.#traits = new RunCache(host, {
      ask: ({ uuid }) => host.domainTraits(uuid),
      isChangedBy: ({ kind }) => kind === 'device',
      serveStale: true,
      timeout: patience,
    })
    if (dryRun || host.readOnly) return
    const seconds = statsPeriodSeconds(interval)
    this.#periods = new StatsPeriods(host, journal, seconds, {
      needs: (domain) => this.#needsPeriod(domain, seconds),
      changed: (domain) => this.#traits?.forget(domain),
    })
  }

  /** Asks what is not known of these domains, waits a little for the answers, and forgets all others. Never rejects. */
  async follow(domains: readonly DomainIdentity[]): Promise<void> {
    const books = [this.#settings, this.#traits, this.#cpuShares]
    await Promise.all(books.map((book) => book?.follow(domains)))
  }

  /** Has those of the domains report their memory that do not yet. Nobody waits for it. */
  ensureStatsPeriods(domains: readonly DomainIdentity[]): void {
    this.#periods?.follow(domains)
  }

  settingsOf(domain: DomainIdentity): DomainSettings {
    return this.#settings.of(domain)
  }

  traitsOf(domain: DomainIdentity): DomainTraits | undefined {
    return this.#traits?.of(domain)
  }

  cpuSharesOf(domain: DomainIdentity): number | undefined {
    return this.#cpuShares?.of(domain)
  }

  /** What failed since it was last asked for. */
  takeErrors(): BallastError[] {
    const parts = [this.#settings, this.#traits, this.#cpuShares, this.#periods]
    return parts.flatMap((part) => part?.takeErrors() ?? [])
  }

  [Symbol.dispose](): void {
    for (const part of [this.#settings, this.#traits, this.#cpuShares, this.#periods])
      part?.[Symbol.dispose]()
  }

  /** What a domain has that has to be told to report its memory every so many seconds. */
  async #needsPeriod(domain: DomainIdentity, seconds: number) {
    if (!(await this.#settings.read(domain)).managed) return undefined
    const traits = await this.#traits?.read(domain)
    if (!traits) return { original: null }
    const { balloon, statsPeriodSeconds = 0 } = traits
    const isEnough = statsPeriodSeconds > 0 && statsPeriodSeconds <= seconds
    return balloon === 'none' || isEnough ? undefined : { original: statsPeriodSeconds }
  }
}
