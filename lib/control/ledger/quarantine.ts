import { type DomainIdentity, isSameRun, type RunIdentity, runOf } from '../../host/sample.ts'
import { type Action, actionKey, attemptKey, type PinAction } from '../../policy/plan.ts'
import { backoff } from '../../util/backoff.ts'
import { domainsByUuid } from '../../view/domains-by-uuid.ts'
import { shortage } from '../../view/memory/shortage.ts'
import { requestedSize } from '../../view/memory/sizes.ts'
import type { DomainView, View } from '../../view/view.ts'
import type { Verdict } from '../verdict.ts'

/** Milliseconds that pins which were undone are not tried again; twice as long each time. */
const pinPause = 600_000
/** The same for a size that hurt: guests change what they need sooner than hosts change their shape. */
const sizePause = 180_000
/** A pause is at most this many times the first. */
const mostGrowth = 64

/** What turned out to do harm. */
interface QuarantineEntry extends RunIdentity {
  readonly uuid: string
  readonly times: number
  /** Monotonic milliseconds before which it is not tried again, and after which it is forgotten. */
  readonly until: number
  readonly forgotten: number
  /** Bytes that the balloon is not to go below; 0 for a pin. */
  readonly least: number
}

/** What was undone and is not tried again for a while, for any policy. A part of the `Ledger`. */
export class Quarantine {
  readonly #entries = new Map<string, QuarantineEntry>()

  /** Forgets what has restarted or ended, and what was long ago. */
  observe(view: View): void {
    if (this.#entries.size === 0) return
    const domains = domainsByUuid(view.domains)
    for (const [key, entry] of this.#entries) {
      const isThere = isSameRun(domains.get(entry.uuid), entry)
      if (!isThere || view.time >= entry.forgotten) this.#entries.delete(key)
    }
  }

  /** This pin, with others, did harm at `time`. */
  pinHurt(pin: PinAction, run: RunIdentity, time: number): void {
    this.#add(attemptKey(pin), { uuid: pin.uuid, ...runOf(run) }, time, pinPause, 0)
  }

  /** The guest was hurt at `time` by a balloon below `least` bytes. */
  sizeHurt(domain: Omit<DomainIdentity, 'name'>, least: number, time: number): void {
    this.#add(actionKey({ kind: 'setMemory', uuid: domain.uuid }), domain, time, sizePause, least)
  }

  /**
   * Why `action` is not to be carried out, and what is instead; undefined: it may be. A host that is short of memory comes
   * before a guest that may swap.
   */
  check(action: Action, { memory }: DomainView, view: View): Verdict | undefined {
    const entry = this.#entries.get(attemptKey(action))
    if (!entry || view.time >= entry.until) return undefined
    const { times } = entry
    const pause = entry.until - view.time
    if (action.kind === 'pin') return { rule: 'rolled-back', cause: { kind: 'pin-hurt', times, pause } }
    const present = requestedSize({ memory }) ?? 0
    const least = Math.min(present, entry.least)
    if (action.kind !== 'setMemory' || action.bytes >= least || shortage(view) > 0) return undefined
    return {
      rule: 'rolled-back',
      instead: { ...action, bytes: least },
      cause: { kind: 'size-hurt', least: entry.least, times, pause },
    }
  }

  #add(key: string, domain: Omit<DomainIdentity, 'name'>, time: number, pause: number, least: number) {
    const before = this.#entries.get(key)
    const times = before && isSameRun(before, domain) ? before.times + 1 : 1
    const lasts = backoff(times, { first: pause, longest: mostGrowth * pause })
    const most = Math.max(least, times > 1 ? before!.least : 0)
    const { uuid } = domain
    const forgotten = time + 2 * lasts
    this.#entries.set(key, { uuid, ...runOf(domain), times, until: time + lasts, forgotten, least: most })
  }
}
