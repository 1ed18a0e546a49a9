import { type BallastError, isTransient } from '../../host/errors.ts'
import { type DomainIdentity, isSameRun, type RunIdentity, runOf } from '../../host/sample.ts'
import { type Action, attemptKey } from '../../policy/plan.ts'
import { backoff } from '../../util/backoff.ts'
import { domainsByUuid } from '../../view/domains-by-uuid.ts'
import type { View } from '../../view/view.ts'
import type { Verdict } from '../verdict.ts'

/** Milliseconds that the same is not tried again: after the second failure in a row, and at most. */
const pauses = { first: 2_000, longest: 300_000 }

/** How often one thing was refused in a row. */
interface Refusal extends RunIdentity {
  readonly uuid: string
  readonly times: number
  /** Monotonic milliseconds before which it is not tried again. */
  readonly until: number
  readonly message: string
}

/**
 * What libvirt refused, of pins and balloon sizes. The same is tried again at once, then with growing pauses: an error that
 * lasts is not met anew at every tick. A part of the `Ledger`; `cpu_shares` have their own rule.
 */
export class Refusals {
  readonly #refusals = new Map<string, Refusal>()

  /** Forgets what has restarted or ended. */
  observe(view: View): void {
    if (this.#refusals.size === 0) return
    const domains = domainsByUuid(view.domains)
    for (const [key, refusal] of this.#refusals) {
      if (!isSameRun(domains.get(refusal.uuid), refusal)) this.#refusals.delete(key)
    }
  }

  /** `action` was refused; `time` in monotonic milliseconds. */
  refused(action: Action, domain: DomainIdentity, error: BallastError, time: number): void {
    if (isTransient(error)) return
    const { message } = error
    const key = attemptKey(action)
    const times = (this.#refusals.get(key)?.times ?? 0) + 1
    const pause = backoff(times - 1, pauses)
    this.#refusals.set(key, { uuid: domain.uuid, ...runOf(domain), times, until: time + pause, message })
  }

  /** `action` was done. */
  done(action: Action): void {
    this.#refusals.delete(attemptKey(action))
  }

  /** Why `action` is not tried at `time`; undefined: it may be. */
  check(action: Action, time: number): Verdict | undefined {
    const refusal = this.#refusals.get(attemptKey(action))
    if (!refusal || time >= refusal.until) return undefined
    const { times, until, message } = refusal
    return { rule: 'backoff', cause: { kind: 'failed-before', times, pause: until - time, message } }
  }
}
