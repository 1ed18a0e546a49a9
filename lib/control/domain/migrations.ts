import type { HostEvent } from '../../host/host.ts'
import { type DomainIdentity, isSameRun } from '../../host/sample.ts'
import type { DomainSettings } from '../../view/domain-settings.ts'

/**
 * The domains that are being migrated away. libvirt lets every call that changes one wait for the end of its migration,
 * and then it is gone: so nothing of it is changed, while it is counted and sampled as before.
 */
export class Migrations {
  readonly #underWay = new Map<string, DomainIdentity>()
  #version = 0

  /** Another number after each change of what {@link Migrations.heed} says. */
  get version(): number {
    return this.#version
  }

  hear(event: HostEvent): void {
    if (event.kind === 'disconnected') {
      // Who reconnects is told again of those that go on.
      if (this.#underWay.size > 0) this.#version++
      this.#underWay.clear()
    }
    if (event.kind !== 'migration') return
    this.#version++
    if (event.state === 'begun') this.#underWay.set(event.domain.uuid, event.domain)
    else this.#underWay.delete(event.domain.uuid)
  }

  /** The settings of a domain, which is not managed while it is migrated. */
  heed(domain: DomainIdentity, settings: DomainSettings): DomainSettings {
    const found = this.#underWay.get(domain.uuid)
    if (!found || !isSameRun(found, domain)) return settings
    return { ...settings, managed: false, reason: { kind: 'being-migrated' } }
  }
}
