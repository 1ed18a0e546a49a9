import type { CpuSet } from '../../host/cpuset.ts'
import type { BallastError } from '../../host/errors.ts'
import type { Host } from '../../host/host.ts'
import type { DomainIdentity } from '../../host/sample.ts'
import { type DomainSettings, defaultSettings } from '../../view/domain-settings.ts'
import { contradiction, memorySettings } from './memory-settings.ts'
import { readMetadata } from './metadata.ts'
import type { ReadRules, RulesOf } from './rules.ts'
import { RunBook } from './run-cache.ts'

/** What settings are made of, apart from metadata. */
export interface SettingsSources {
  /** Whether domains of this name may be changed at all. */
  readonly manages: (name: string) => boolean
  /** What the option `domainSettings` says. */
  readonly rulesOf: RulesOf
  /** pCPUs that vCPUs may be placed on. */
  readonly usable: CpuSet
}

/**
 * The settings of every domain, from the options and from the domain's own metadata. Metadata is read when a domain
 * starts, and again when it changes. Until it is known what the owner of a domain wants, and while it cannot
 * be understood, the domain is left alone.
 */
export class SettingsBook implements Disposable {
  readonly #sources: SettingsSources
  readonly #book: RunBook<DomainSettings>

  /** `patience` is how many milliseconds {@link SettingsBook.follow} waits at most. */
  constructor(host: Host, sources: SettingsSources, patience: number) {
    this.#sources = sources
    this.#book = new RunBook(host, {
      ask: async ({ uuid, name }) => {
        if (!sources.manages(name)) return notAmong
        return this.#merge(sources.rulesOf(name), await host.domainMetadata(uuid))
      },
      isChangedBy: ({ kind }) => kind === 'metadata',
      keepsLast: false,
      patience,
    })
  }

  /** Reads what is not known of these domains, waits a little for the answers, and forgets all others. Never rejects. */
  follow(domains: readonly DomainIdentity[]): Promise<void> {
    return this.#book.follow(domains)
  }

  /** The settings of a domain, asked for where they are not known. Never rejects. */
  async read(domain: DomainIdentity): Promise<DomainSettings> {
    return (await this.#book.read(domain)) ?? unread
  }

  /** The settings of a domain, as far as they are known. */
  of(domain: DomainIdentity): DomainSettings {
    return this.#book.of(domain) ?? unread
  }

  /** What failed since it was last asked for. */
  takeErrors(): BallastError[] {
    return this.#book.takeErrors()
  }

  [Symbol.dispose](): void {
    this.#book[Symbol.dispose]()
  }

  /** Limits add up: what either side forbids is forbidden. Of shares the option has the last word. */
  #merge(rules: ReadRules, xml: string | undefined): DomainSettings {
    if (rules.managed === false) return leftAlone('the option domainSettings says not to manage it')
    const said = xml === undefined ? {} : readMetadata(xml)
    if ('problem' in said) return leftAlone(`its settings in its metadata are wrong: ${said.problem}`)
    if (said.managed === false) return leftAlone('its metadata says not to manage it')
    const cpus = rules.cpus && said.cpus ? rules.cpus.and(said.cpus) : (rules.cpus ?? said.cpus)
    const { usable } = this.#sources
    if (cpus?.and(usable).isEmpty) {
      const both = rules.cpus && said.cpus
      const which = both ? `domainSettings (${rules.cpus}) and its metadata (${said.cpus})` : 'its metadata'
      return leftAlone(`${which} leave it none of the pCPUs that may be used (${usable})`)
    }
    const memory = memorySettings(rules, said)
    const wrong = contradiction(memory)
    if (wrong) return leftAlone(`its settings contradict each other: ${wrong}`)
    const shares = rules.shares ?? said.shares ?? defaultSettings.shares
    return { ...defaultSettings, ...memory, cpus, shares }
  }
}

const notAmong = leftAlone('it is not among the domains to be managed')
const unread = leftAlone('its settings in its metadata are not known yet')

function leftAlone(why: string): DomainSettings {
  return { ...defaultSettings, managed: false, why }
}
