import type { DomainIdentity } from '../../host/sample.ts'
import type { Action, PinAction } from '../../policy/plan.ts'
import { shortage } from '../../view/memory/shortage.ts'
import type { DomainView, View } from '../../view/view.ts'
import type { Verdict } from '../verdict.ts'

/** Milliseconds that pins which were undone are not tried again; twice as long each time. */
const pinPause = 600_000
/** The same for a size that hurt: guests change what they need sooner than hosts change their shape. */
const sizePause = 180_000
const mostDoublings = 6

/** What turned out to do harm. */
interface QuarantineEntry {
  readonly uuid: string
  readonly id: number
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
    const ids = new Map(view.domains.map(({ uuid, id }) => [uuid, id]))
    for (const [key, { uuid, id, forgotten }] of this.#entries) {
      if (ids.get(uuid) !== id || view.time >= forgotten) this.#entries.delete(key)
    }
  }

  /** This pin, with others, did harm at `time`. */
  pinHurt(pin: PinAction, id: number, time: number): void {
    this.#add(keyOf(pin), { uuid: pin.uuid, id }, time, pinPause, 0)
  }

  /** The guest was hurt at `time` by a balloon below `least` bytes. */
  sizeHurt(domain: Pick<DomainIdentity, 'uuid' | 'id'>, least: number, time: number): void {
    this.#add(domain.uuid, domain, time, sizePause, least)
  }

  /**
   * Why `action` is not to be carried out, and what is instead; undefined: it may be. A host that is short of memory comes
   * before a guest that may swap.
   */
  check(action: Action, { memory }: DomainView, view: View): Verdict | undefined {
    const hold = this.#entries.get(keyOf(action))
    if (!hold || view.time >= hold.until) return undefined
    const { times } = hold
    const pause = hold.until - view.time
    if (action.kind === 'pin') return { rule: 'rolled-back', cause: { kind: 'pin-hurt', times, pause } }
    const present = memory.target ?? memory.actual ?? 0
    const least = Math.min(present, hold.least)
    if (action.kind !== 'setMemory' || action.bytes >= least || shortage(view) > 0) return undefined
    return {
      rule: 'rolled-back',
      instead: { ...action, bytes: least },
      cause: { kind: 'size-hurt', least: hold.least, times, pause },
    }
  }

  #add(
    key: string,
    { uuid, id }: Pick<DomainIdentity, 'uuid' | 'id'>,
    time: number,
    pause: number,
    least: number,
  ) {
    const before = this.#entries.get(key)
    const times = before?.id === id ? before.times + 1 : 1
    const lasts = pause * 2 ** Math.min(mostDoublings, times - 1)
    const most = Math.max(least, times > 1 ? before!.least : 0)
    this.#entries.set(key, { uuid, id, times, until: time + lasts, forgotten: time + 2 * lasts, least: most })
  }
}

/** The same vCPU may be pinned elsewhere; of a balloon every size is meant. Nothing holds `cpu_shares`. */
function keyOf(action: Action): string {
  if (action.kind === 'setMemory') return action.uuid
  return action.kind === 'pin' ? `${action.uuid} ${action.vcpu} ${action.cpus}` : `${action.uuid} shares`
}
