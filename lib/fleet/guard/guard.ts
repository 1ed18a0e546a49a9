import { refusalOf, sendingOf } from '../cost/migration-cost.ts'
import { PlacementRules } from '../model/placement-rules.ts'
import type { FleetPlan, Step } from '../plan/step.ts'
import { type FleetReason, fleetSentenceOf } from '../reasons/fleet-reasons.ts'
import {
  type FleetGuest,
  type FleetHost,
  type FleetView,
  mayLeave,
  staysForGood,
} from '../view/fleet-view.ts'
import { hasMemoryShortage } from '../view/shortage.ts'
import { beginnable, type Waiting } from './parallel.ts'
import { Placement } from './placement.ts'
import { survivesLargest } from './survive.ts'

/** What of a plan may be done. */
export interface Guarded {
  /** The steps that are allowed, in their order. */
  readonly plan: FleetPlan
  readonly denied: readonly { readonly step: Step; readonly reason: FleetReason }[]
  /** Indices, within `plan`, of the steps that may begin now, all of them at once. */
  readonly begin: readonly number[]
  /** Why the other ones have to wait, but for those that name steps before them. */
  readonly waiting: readonly Waiting[]
}

/**
 * The limits that no fleet policy can cross, looked at step by step: a step has to be allowed with all before it begun, and with
 * only those done that it names. A step that is denied takes those with it that wait for it. `isFollowed`: hosts (UUID) at which
 * none begins yet, since it is still looked at what came of the last.
 */
export function guardPlan(
  view: FleetView,
  plan: FleetPlan,
  isFollowed: (host: string) => boolean = () => false,
): Guarded {
  const checks = new Checks(view, plan)
  const denied: { step: Step; reason: FleetReason }[] = []
  const kept: Step[] = []
  /** By index in the plan: index among those kept; undefined: denied. */
  const places: (number | undefined)[] = []
  for (const step of plan.steps) {
    const reason = afterDenied(step, plan.steps, places) ?? checks.reasonAgainst(renumbered(step, places))
    places.push(reason ? undefined : kept.length)
    if (reason) denied.push({ step, reason })
    else {
      const next = renumbered(step, places)
      checks.take(next)
      kept.push(next)
    }
  }
  const torn = checks.tornApart()
  if (torn) return { ...nothingOf(plan), denied: plan.steps.map((step) => ({ step, reason: torn })) }
  const allowed = { ...plan, steps: kept }
  return { plan: allowed, denied, ...beginnable(view, kept, isFollowed) }
}

function nothingOf(plan: FleetPlan): Guarded {
  return { plan: { ...plan, steps: [] }, denied: [], begin: [], waiting: [] }
}

function afterDenied(
  { after }: Step,
  steps: readonly Step[],
  places: readonly (number | undefined)[],
): FleetReason | undefined {
  const missing = after.find((index) => places[index] === undefined)
  return missing === undefined
    ? undefined
    : { kind: 'follows-denied', guest: steps[missing]?.guestName ?? '?' }
}

function renumbered(step: Step, places: readonly (number | undefined)[]): Step {
  return { ...step, after: step.after.flatMap((index) => places[index] ?? []) }
}

class Checks {
  readonly #view: FleetView
  readonly #rules: PlacementRules
  readonly #hosts: ReadonlyMap<string, FleetHost>
  readonly #guests: ReadonlyMap<string, FleetGuest>
  readonly #placement: Placement
  readonly #survived: boolean
  /** By guest: UUID of the host that its last step goes to. */
  readonly #ends: ReadonlyMap<string, string>

  constructor(view: FleetView, { steps }: FleetPlan) {
    this.#ends = new Map(steps.map(({ guest, to }) => [guest, to]))
    this.#view = view
    this.#rules = new PlacementRules(view)
    this.#hosts = new Map(view.hosts.map((host) => [host.uuid, host]))
    this.#guests = new Map(view.guests.map((guest) => [guest.uuid, guest]))
    this.#placement = new Placement(view)
    this.#survived =
      view.rules.surviveHost === true &&
      survivesLargest(view, (guest) => this.#placement.at(guest)) === undefined
  }

  take(step: Step): void {
    this.#placement.take(
      this.#guests.get(step.guest)!,
      this.#hosts.get(step.from)!,
      this.#hosts.get(step.to)!,
    )
  }

  reasonAgainst(step: Step): FleetReason | undefined {
    const guest = this.#guests.get(step.guest)
    const from = this.#hosts.get(step.from)
    const to = this.#hosts.get(step.to)
    if (!guest) return { kind: 'unknown-guest' }
    if (!from) return { kind: 'unknown-host', host: step.from }
    if (!to) return { kind: 'unknown-host', host: step.to }
    return (
      this.#aboutPlaces(guest, from, to, step) ??
      this.#aboutRules(guest, to, step) ??
      aboutAbility(guest, from, to) ??
      this.#aboutRoom(guest, to, step)
    )
  }

  /** Guests of a hard rule that would be on several hosts in the end, and are on one now. */
  tornApart(): FleetReason | undefined {
    for (const { rule, isHard, guests } of this.#rules.together) {
      if (!isHard) continue
      const all = [...guests].map((row) => this.#view.guests[row]!)
      const [first] = all
      if (!first || all.some(({ host }) => host !== first.host)) continue
      const other = all.find((guest) => this.#placement.at(guest) !== this.#placement.at(first))
      if (other) return { kind: 'must-be-together', other: other.name, rule }
    }
    return undefined
  }

  #aboutPlaces(guest: FleetGuest, from: FleetHost, to: FleetHost, { after }: Step): FleetReason | undefined {
    const at = this.#placement.at(guest)
    if (at !== from.row) return { kind: 'not-there', host: this.#view.hosts[at]!.name }
    if (from === to) return { kind: 'same-host' }
    const earlier = this.#placement.stepOf(guest)
    if (earlier !== undefined && !after.includes(earlier)) return { kind: 'not-there', host: guest.host.name }
    if (!mayLeave(from)) return { kind: 'host-held', host: from.name, why: from.hold! }
    if (to.hold !== undefined) return { kind: 'host-held', host: to.name, why: to.hold }
    const mustLeave = from.hold === 'maintenance' || hasMemoryShortage(from) || this.#breaksRule(guest)
    const stays = mustLeave && !staysForGood(guest) ? [] : guest.stays
    if (stays.length > 0) return { kind: 'guest-stays', why: stays.map(fleetSentenceOf).join('; ') }
    return undefined
  }

  /** Whether a guest is where a hard rule does not let it be. */
  #breaksRule({ row, host }: FleetGuest): boolean {
    if (this.#rules.pinAgainst(row, host.row) !== undefined) return true
    return this.#rules.apartOf(row).some((group) => {
      const { isHard, guests } = this.#rules.apart[group]!
      return isHard && host.guests.filter((other) => guests.has(other.row)).length > 1
    })
  }

  #aboutRules({ row, host, uuid }: FleetGuest, to: FleetHost, { after }: Step): FleetReason | undefined {
    const pin = this.#rules.pinAgainst(row, to.row)
    if (pin !== undefined) {
      // One that is not where it should be may pass over another such host on its way there.
      const end = this.#hosts.get(this.#ends.get(uuid)!)
      const endsWell = end !== undefined && this.#rules.pinAgainst(row, end.row) === undefined
      if (!endsWell || this.#rules.pinAgainst(row, host.row) === undefined) {
        return { kind: 'not-pinned-there', rule: pin }
      }
    }
    for (const group of this.#rules.apartOf(row)) {
      const { rule, isHard, guests } = this.#rules.apart[group]!
      if (!isHard) continue
      for (const other of guests) {
        if (other === row || !this.#placement.mayBeOn(this.#view.guests[other]!, to, after)) continue
        return { kind: 'must-be-apart', other: this.#view.guests[other]!.name, rule }
      }
    }
    return undefined
  }

  #aboutRoom(guest: FleetGuest, to: FleetHost, { after }: Step): FleetReason | undefined {
    const room = this.#placement.room(to, after)
    if (guest.memory > room) return { kind: 'no-room', memory: guest.memory, room }
    const { hugePages = 0 } = guest.report.memory
    const free = this.#placement.hugePages(to, after)
    if (hugePages > free) return { kind: 'no-huge-pages', hugePages, free }
    if (!this.#survived) return undefined
    const lost = survivesLargest(this.#view, (one) => (one === guest ? to.row : this.#placement.at(one)))
    return lost && { kind: 'no-host-to-spare', host: lost.host.name, guest: lost.guest.name }
  }
}

function aboutAbility(guest: FleetGuest, from: FleetHost, to: FleetHost): FleetReason | undefined {
  const { requirement } = guest.report
  const answer = requirement === undefined ? undefined : to.report.answers[requirement]
  if (answer === undefined) return { kind: 'not-answered' }
  if (answer !== true) return { kind: 'cannot-run-there', why: answer }
  return refusalOf(sendingOf(guest, from, to))
}
