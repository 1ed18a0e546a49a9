import type { ForeignMove } from '../tick/fleet-tick.ts'
import type { FleetView } from '../view/fleet-view.ts'

/** This many migrations that nobody ordered here, within this time in milliseconds, are those of another balancer. */
const most = 3
const window = 600_000
/** Milliseconds that nothing is moved after the last of them. */
export const stepBack = 1_800_000

interface Seen extends ForeignMove {
  readonly at: number
}

/** Guests that change hosts without an order: counted, and not disturbed. */
export class ForeignMoves {
  /** By guest, the host that it was on. */
  #homes = new Map<string, string>()
  #seen: Seen[] = []
  #until = Number.NEGATIVE_INFINITY

  /**
   * Those since the last look. `ordered`: whether an order of ours, or of an earlier leader, moves a guest or has just
   * done so.
   */
  look(view: FleetView, ordered: (guest: string) => boolean): readonly ForeignMove[] {
    const { time } = view
    const found: Seen[] = []
    const homes = new Map(this.#homes)
    for (const { uuid, name, host } of view.guests) {
      const before = this.#homes.get(uuid)
      homes.set(uuid, host.uuid)
      if (before === undefined || before === host.uuid || ordered(uuid)) continue
      found.push({ guest: uuid, guestName: name, from: before, to: host.uuid, at: time })
    }
    this.#homes = homes
    this.#seen = [...this.#seen.filter(({ at }) => time - at < window), ...found]
    if (found.length > 0 && this.#looksLikeBalancer()) this.#until = time + stepBack
    return found.map(({ at, ...move }) => move)
  }

  /**
   * Another balancer is at work: how many of its migrations were seen lately, and for how long to step back. Undefined:
   * none is.
   */
  balancerAt(time: number): { readonly moves: number; readonly remaining: number } | undefined {
    if (time >= this.#until) return undefined
    return { moves: this.#seen.length, remaining: this.#until - time }
  }

  /** One host that is emptied by hand is no balancer. */
  #looksLikeBalancer(): boolean {
    if (this.#seen.length < most) return false
    const guests = new Set(this.#seen.map(({ guest }) => guest))
    return new Set(this.#seen.map(({ from }) => from)).size > 1 || guests.size < this.#seen.length
  }
}
