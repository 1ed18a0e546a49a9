import type { CpuSet } from '../host/cpuset.ts'
import type { BallastError, ErrorCode } from '../host/errors.ts'
import type { Host } from '../host/host.ts'
import type { DomainIdentity } from '../host/sample.ts'
import { type DomainSettings, defaultSettings } from '../view/settings.ts'
import type { ReadRules, RulesOf } from './domain-rules.ts'
import { asBallastError } from './failure.ts'
import { Lanes } from './lanes.ts'
import { readMetadata } from './metadata-settings.ts'
import { within } from './within.ts'

/** Questions at once: no monitor is asked, so they are short. */
const lanes = 8

/** The domain has ended since: nobody needs its settings. */
const gone: ReadonlySet<ErrorCode> = new Set(['ERR_NO_DOMAIN', 'ERR_DOMAIN_NOT_RUNNING'])

/** What is known of one run of a domain. */
interface Entry {
  readonly id: number
  /** Undefined until they are known. */
  settings: DomainSettings | undefined
  /** How often its metadata has changed: an answer to an earlier question is none. */
  changes: number
  /** Settles when its metadata was read, or could not be. Never rejects. */
  question: Promise<void> | undefined
}

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
  readonly #host: Host
  readonly #sources: SettingsSources
  readonly #patience: number
  readonly #lanes = new Lanes(lanes)
  readonly #unsubscribe: () => void
  #entries = new Map<string, Entry>()
  #errors: BallastError[] = []

  /** `patience` is how many milliseconds {@link SettingsBook.follow} waits at most. */
  constructor(host: Host, sources: SettingsSources, patience: number) {
    this.#host = host
    this.#sources = sources
    this.#patience = patience
    this.#unsubscribe = host.subscribe((event) => {
      const entry = event.kind === 'metadata' ? this.#entries.get(event.domain.uuid) : undefined
      if (!entry) return
      entry.settings = undefined
      entry.changes++
    })
  }

  /** Reads what is not known of these domains, waits a little for the answers, and forgets all others. Never rejects. */
  async follow(domains: readonly DomainIdentity[]): Promise<void> {
    const present = new Set(domains.map(({ uuid }) => uuid))
    for (const uuid of this.#entries.keys()) if (!present.has(uuid)) this.#entries.delete(uuid)
    const unknown = domains.filter((domain) => this.#entry(domain).settings === undefined)
    if (unknown.length === 0) return
    const answers = Promise.all(unknown.map((domain) => this.read(domain)))
    await within(this.#host.clock, this.#patience, answers)
  }

  /** The settings of a domain, asked for where they are not known. Never rejects. */
  async read(domain: DomainIdentity): Promise<DomainSettings> {
    const entry = this.#entry(domain)
    if (!entry.settings) {
      entry.question ??= this.#ask(domain, entry)
      await entry.question
    }
    return this.of(domain)
  }

  /** The settings of a domain, as far as they are known. */
  of({ uuid, id }: DomainIdentity): DomainSettings {
    const entry = this.#entries.get(uuid)
    return (entry?.id === id ? entry.settings : undefined) ?? unread
  }

  /** What failed since it was last asked for. */
  takeErrors(): BallastError[] {
    const errors = this.#errors
    this.#errors = []
    return errors
  }

  [Symbol.dispose](): void {
    this.#unsubscribe()
  }

  #entry({ uuid, name, id }: DomainIdentity): Entry {
    const known = this.#entries.get(uuid)
    if (known?.id === id) return known
    const settings = this.#sources.manages(name) ? undefined : notAmong
    const entry: Entry = { id, settings, changes: 0, question: undefined }
    this.#entries.set(uuid, entry)
    return entry
  }

  async #ask({ uuid, name }: DomainIdentity, entry: Entry): Promise<void> {
    const { changes } = entry
    try {
      const xml = await this.#lanes.run(() => this.#host.domainMetadata(uuid))
      if (entry.changes === changes) entry.settings = this.#merge(this.#sources.rulesOf(name), xml)
    } catch (error) {
      const failure = asBallastError(error)
      if (!gone.has(failure.code)) this.#errors.push(failure)
    } finally {
      entry.question = undefined
    }
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
    const shares = rules.shares ?? said.shares ?? defaultSettings.shares
    return { ...defaultSettings, cpus, shares }
  }
}

const notAmong = leftAlone('it is not among the domains to be managed')
const unread = leftAlone('its settings in its metadata are not known yet')

function leftAlone(why: string): DomainSettings {
  return { ...defaultSettings, managed: false, why }
}
