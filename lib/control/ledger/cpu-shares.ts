import type { BallastError, ErrorCode } from '../../host/errors.ts'
import type { Host } from '../../host/host.ts'
import type { DomainIdentity } from '../../host/sample.ts'
import type { View } from '../../view/view.ts'
import { RunBook } from '../domain/run-cache.ts'
import { asBallastError } from '../failure.ts'
import type { Hold } from '../guard/eligibility.ts'

/**
 * The `cpu_shares` of every domain: read when it starts and when they change; undefined where the host has none.
 * `patience` is how many milliseconds a look waits for them at most.
 */
export function cpuSharesBook(host: Host, patience: number): RunBook<number | undefined> {
  return new RunBook(host, {
    ask: async ({ uuid }) => {
      try {
        return await host.cpuShares(uuid)
      } catch (error) {
        const failure = asBallastError(error)
        if (failure.code === 'ERR_NOT_SUPPORTED') return undefined
        throw failure
      }
    },
    isChangedBy: ({ kind }) => kind === 'cpuShares',
    keepsLast: false,
    patience,
  })
}

/** After these the next try may succeed. */
const passing: ReadonlySet<ErrorCode> = new Set(['ERR_TIMEOUT', 'ERR_DOMAIN_BUSY', 'ERR_DISCONNECTED'])

/** What we did to one domain's shares in one run of it. */
interface Gift {
  readonly id: number
  readonly shares: number
  /** Whether they have been seen since to be what we made them. */
  seen: boolean
  /** What somebody else made of them: from then on they are left alone. */
  foreign: number | undefined
}

/** What became of the `cpu_shares` that Ballast set; a part of the `Ledger`. */
export class SharesLedger {
  readonly #gifts = new Map<string, Gift>()
  /** Why a host or a domain takes no shares, by UUID. */
  readonly #refusals = new Map<string, { readonly id: number; readonly message: string }>()

  /** Forgets what has restarted or ended, and notices what somebody else changed. */
  observe(view: View): void {
    const domains = new Map(view.domains.map((domain) => [domain.uuid, domain]))
    for (const book of [this.#gifts, this.#refusals]) {
      for (const [uuid, { id }] of book) if (domains.get(uuid)?.id !== id) book.delete(uuid)
    }
    for (const [uuid, gift] of this.#gifts) {
      const shares = domains.get(uuid)?.cpuShares
      if (shares === undefined || gift.foreign !== undefined) continue
      if (shares === gift.shares) gift.seen = true
      else if (gift.seen) gift.foreign = shares
    }
  }

  gave({ uuid, id }: DomainIdentity, shares: number): void {
    this.#gifts.set(uuid, { id, shares, seen: false, foreign: undefined })
  }

  /** It could not be given shares. What is not likely to pass is not tried again in this run of the domain. */
  failed({ uuid, id }: DomainIdentity, error: BallastError): void {
    if (!passing.has(error.code)) this.#refusals.set(uuid, { id, message: error.message })
  }

  /** Why this domain's shares are left alone. */
  hold(uuid: string): Hold | undefined {
    const refusal = this.#refusals.get(uuid)
    if (refusal) return { rule: 'unmanaged', why: `its cpu_shares cannot be changed: ${refusal.message}` }
    const foreign = this.#gifts.get(uuid)?.foreign
    if (foreign === undefined) return undefined
    const why = `someone else set its cpu_shares to ${foreign}: they are left alone until it restarts`
    return { rule: 'foreign-change', why }
  }

  /** Whether it was given these already, and no View has shown them yet. */
  isAsAsked(uuid: string, shares: number): boolean {
    const gift = this.#gifts.get(uuid)
    return gift?.shares === shares && !gift.seen
  }
}
