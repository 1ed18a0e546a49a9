import type { CpuSet } from '../../host/cpuset.ts'
import type { BallastError } from '../../host/errors.ts'
import type { Host } from '../../host/host.ts'
import type { DomainIdentity } from '../../host/sample.ts'
import { type DomainSettings, defaultSettings } from '../../view/domain-settings.ts'
import { readMetadata } from './metadata.ts'
import { contradiction, memorySettings, type ParsedRules, type RulesOf } from './rules.ts'
import { RunCache } from './run-cache.ts'

/** What settings are made of, apart from metadata. */
export interface SettingsSources {
  /** Whether domains of this name may be changed at all. */
  readonly manages: (name: string) => boolean
  /** What the option `domainRules` says. */
  readonly rulesOf: RulesOf
  /** pCPUs that vCPUs may be placed on. */
  readonly usable: CpuSet
}

/**
 * The settings of every domain, from the options and from the domain's own metadata. Metadata is read when a domain
 * starts, and again when it changes. Until it is known what the owner of a domain wants, and while it cannot
 * be understood, the domain is left alone.
 */
export class SettingsCache implements Disposable {
  readonly #sources: SettingsSources
  readonly #cache: RunCache<DomainSettings>

  /** `patience` is how many milliseconds {@link SettingsCache.follow} waits at most. */
  constructor(host: Host, sources: SettingsSources, patience: number) {
    this.#sources = sources
    this.#cache = new RunCache(host, {
      ask: async ({ uuid, name }) => {
        if (!sources.manages(name)) return notMatched
        return this.#merge(sources.rulesOf(name), await host.domainMetadata(uuid))
      },
      isChangedBy: ({ kind }) => kind === 'metadata',
      serveStale: false,
      timeout: patience,
    })
  }

  /** Reads what is not known of these domains, waits a little for the answers, and forgets all others. Never rejects. */
  follow(domains: readonly DomainIdentity[]): Promise<void> {
    return this.#cache.follow(domains)
  }

  /** The settings of a domain, asked for where they are not known. Never rejects. */
  async read(domain: DomainIdentity): Promise<DomainSettings> {
    return (await this.#cache.read(domain)) ?? unread
  }

  /** The settings of a domain, as far as they are known. */
  of(domain: DomainIdentity): DomainSettings {
    return this.#cache.of(domain) ?? unread
  }

  /** What failed since it was last asked for. */
  takeErrors(): BallastError[] {
    return this.#cache.takeErrors()
  }

  [Symbol.dispose](): void {
    this.#cache[Symbol.dispose]()
  }

  /** Limits add up: what either side forbids is forbidden. Of shares the option has the last word. */
  #merge(rules: ParsedRules, xml: string | undefined): DomainSettings {
    if (rules.managed === false) return leftAlone('the option domainRules says not to manage it')
    const said = xml === undefined ? {} : readMetadata(xml)
    if ('problem' in said) return leftAlone(`its settings in its metadata are wrong: ${said.problem}`)
    if (said.managed === false) return leftAlone('its metadata says not to manage it')
    const cpus = rules.cpus && said.cpus ? rules.cpus.and(said.cpus) : (rules.cpus ?? said.cpus)
    const { usable } = this.#sources
    if (cpus?.and(usable).isEmpty) {
      const both = rules.cpus && said.cpus
      const which = both ? `domainRules (${rules.cpus}) and its metadata (${said.cpus})` : 'its metadata'
      return leftAlone(`${which} leave it none of the pCPUs that may be used (${usable})`)
    }
    const memory = memorySettings(rules, said)
    const wrong = contradiction(memory)
    if (wrong) return leftAlone(`its settings contradict each other: ${wrong}`)
    const shares = rules.shares ?? said.shares ?? defaultSettings.shares
    return { ...defaultSettings, ...memory, cpus, shares }
  }
}

const notMatched = leftAlone('it is not among the domains to be managed')
const unread = leftAlone('its settings in its metadata are not known yet')

function leftAlone(why: string): DomainSettings {
  return { ...defaultSettings, managed: false, why }
}
