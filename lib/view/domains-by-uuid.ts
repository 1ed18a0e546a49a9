import type { DomainIdentity } from '../host/sample.ts'

/** The domains of a View by their UUID. */
export interface DomainIndex<D> {
  get(uuid: string): D | undefined
}

/** By UUID: where a domain stands in a list. */
export type Rows = ReadonlyMap<string, number>

const indexes = new WeakMap<readonly DomainIdentity[], DomainIndex<DomainIdentity>>()
const rows = new WeakMap<readonly DomainIdentity[], Rows>()

/** The domains of a View by their UUID. Made once for each View: guard, ledger and actuator all look domains up. */
export function domainsByUuid<D extends DomainIdentity>(domains: readonly D[]): DomainIndex<D> {
  let index = indexes.get(domains)
  if (!index) {
    index = new Map(domains.map((domain) => [domain.uuid, domain]))
    indexes.set(domains, index)
  }
  return index as DomainIndex<D>
}

/** Where each of these domains stands. Made once for each list: samples share theirs while the domains are the same. */
export function rowsByUuid(domains: readonly DomainIdentity[]): Rows {
  let known = rows.get(domains)
  if (!known) {
    known = new Map(domains.map(({ uuid }, row) => [uuid, row]))
    rows.set(domains, known)
  }
  return known
}

/** Has {@link domainsByUuid} find `views`, which are the domains of `sampled` in the same order, without a Map of their own. */
export function indexLike(views: readonly DomainIdentity[], sampled: readonly DomainIdentity[]): void {
  indexes.set(views, new RowIndex(views, sampled))
}

/** Finds domains by where they stand in another list that has the same order. */
class RowIndex implements DomainIndex<DomainIdentity> {
  readonly #domains: readonly DomainIdentity[]
  readonly #sampled: readonly DomainIdentity[]

  constructor(domains: readonly DomainIdentity[], sampled: readonly DomainIdentity[]) {
    this.#domains = domains
    this.#sampled = sampled
  }

  get(uuid: string): DomainIdentity | undefined {
    const row = rowsByUuid(this.#sampled).get(uuid)
    return row === undefined ? undefined : this.#domains[row]
  }
}
