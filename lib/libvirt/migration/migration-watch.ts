import type { NativeMigrationJob } from '../../addon/native-migration.ts'
import type { HostEvent } from '../../host/host.ts'
import type { DomainIdentity } from '../../host/sample.ts'

/** Milliseconds between looks whether a migration is over. */
const lookEvery = 1_000

type MigrationEvent = Extract<HostEvent, { readonly kind: 'migration' }>

/**
 * Notices migrations away from a host: libvirt tells of one when it is under way, and never of one that failed or was
 * aborted, so the domain is asked about until it is over.
 */
export class MigrationWatch {
  readonly #jobOf: (uuid: string) => Promise<NativeMigrationJob | undefined>
  readonly #tell: (event: MigrationEvent) => void
  readonly #underWay = new Set<string>()

  /** `jobOf` may reject: for a domain that is gone, and when the connection is lost. */
  constructor(
    jobOf: (uuid: string) => Promise<NativeMigrationJob | undefined>,
    tell: (event: MigrationEvent) => void,
  ) {
    this.#jobOf = jobOf
    this.#tell = tell
  }

  /** libvirt said that a domain is being migrated. */
  see(domain: DomainIdentity): void {
    if (this.#underWay.has(domain.uuid)) return
    this.#underWay.add(domain.uuid)
    this.#tell({ kind: 'migration', domain, state: 'begun' })
    this.#lookLater(domain)
  }

  /** Looks for what began before anybody listened. Never rejects. */
  async lookAt(domains: readonly DomainIdentity[]): Promise<void> {
    for (const domain of domains) {
      const job = await this.#jobOf(domain.uuid).catch(() => undefined)
      if (job && !job.isIncoming) this.see(domain)
    }
  }

  #lookLater(domain: DomainIdentity): void {
    const timer = setTimeout(() => void this.#look(domain), lookEvery)
    timer.unref()
  }

  async #look(domain: DomainIdentity): Promise<void> {
    const job = await this.#jobOf(domain.uuid).catch(() => undefined)
    if (job) return this.#lookLater(domain)
    this.#underWay.delete(domain.uuid)
    this.#tell({ kind: 'migration', domain, state: 'ended' })
  }
}
