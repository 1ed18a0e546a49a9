import type { DomainView } from './view.ts'

const indexes = new WeakMap<readonly DomainView[], ReadonlyMap<string, DomainView>>()

/** The domains of a View by their UUID. Made once for each View: guard, ledger and actuator all look domains up. */
export function domainsByUuid(domains: readonly DomainView[]): ReadonlyMap<string, DomainView> {
  let index = indexes.get(domains)
  if (!index) {
    index = new Map(domains.map((domain) => [domain.uuid, domain]))
    indexes.set(domains, index)
  }
  return index
}
