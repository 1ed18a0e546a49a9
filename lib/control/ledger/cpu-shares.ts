import { type BallastError, isTransient } from '../../host/errors.ts'
import { type DomainIdentity, isSameRun, type RunIdentity, runOf } from '../../host/sample.ts'
import { domainsByUuid } from '../../view/domains-by-uuid.ts'
import type { View } from '../../view/view.ts'
import type { Verdict } from '../verdict.ts'

/** What we did to one domain's shares in one run of it. */
interface SharesRequest extends RunIdentity {
  readonly shares: number
  /** What they were before. */
  readonly before: number | undefined
  /** Whether libvirt has told of another change since. */
  isAnnounced: boolean
  /** Whether they have been seen since to be what we made them. */
  seen: boolean
  /** What another program made of them: from then on they are not changed. */
  external: number | undefined
}

/** What became of the `cpu_shares` that Ballast set; a part of the `Ledger`. */
export class SharesLedger {
  readonly #requests = new Map<string, SharesRequest>()
  /** Why a host or a domain takes no shares, by UUID. */
  readonly #refusals = new Map<string, RunIdentity & { readonly message: string }>()

  /** Forgets what has restarted or ended, and notices what another program changed. */
  observe(view: View): void {
    if (this.#requests.size === 0 && this.#refusals.size === 0) return
    const domains = domainsByUuid(view.domains)
    for (const book of [this.#requests, this.#refusals]) {
      for (const [uuid, run] of book) if (!isSameRun(domains.get(uuid), run)) book.delete(uuid)
    }
    for (const [uuid, request] of this.#requests) {
      const shares = domains.get(uuid)?.cpuShares
      if (shares === undefined || request.external !== undefined) continue
      if (shares === request.shares) request.seen = true
      else if (!request.seen) continue
      // Back to what they were, and libvirt knows of nobody who did it: systemd does so when it reloads its units.
      else if (shares === request.before && !request.isAnnounced) this.#requests.delete(uuid)
      else request.external = shares
    }
  }

  /** `before` is what it had. */
  applied(domain: DomainIdentity, shares: number, before?: number): void {
    const earlier = this.#requests.get(domain.uuid)
    const original = earlier && isSameRun(domain, earlier) ? earlier.before : before
    const fresh = { seen: false, isAnnounced: false, external: undefined }
    this.#requests.set(domain.uuid, { ...runOf(domain), shares, before: original, ...fresh })
  }

  /** libvirt has told that somebody gave it these. */
  announced({ uuid }: DomainIdentity, shares: number): void {
    const request = this.#requests.get(uuid)
    if (request && request.shares !== shares) request.isAnnounced = true
  }

  /** It could not be given shares. What is not likely to pass is not tried again in this run of the domain. */
  failed(domain: DomainIdentity, error: BallastError): void {
    if (isTransient(error)) return
    this.#refusals.set(domain.uuid, { ...runOf(domain), message: error.message })
  }

  /** Why this domain's shares are not changed; undefined: they may be. */
  check(uuid: string): Verdict<never> | undefined {
    const refusal = this.#refusals.get(uuid)
    if (refusal) return { rule: 'unmanaged', cause: { kind: 'cpu-shares-refused', message: refusal.message } }
    const shares = this.#requests.get(uuid)?.external
    if (shares === undefined) return undefined
    return { rule: 'external-change', cause: { kind: 'cpu-shares-external', shares } }
  }

  /** Whether it was given these already, and no View has shown them yet. */
  isAsRequested(uuid: string, shares: number): boolean {
    const request = this.#requests.get(uuid)
    return request?.shares === shares && !request.seen
  }
}
