import type { PlanProblem } from '../plan/step.ts'
import {
  type FleetGuest,
  type FleetHost,
  type FleetView,
  mayLeave,
  staysForGood,
} from '../view/fleet-view.ts'
import { heldBeside } from '../view/shortage.ts'
import { canRunOn, PlacementRules } from './placement-rules.ts'
import { RuleColumns } from './rule-columns.ts'
import { UnitCosts } from './unit-costs.ts'
import { type Unit, unitsOf } from './units.ts'
import { VcpuColumns } from './vcpu-columns.ts'

/** Slack of sums that are made up again and again. */
const nothing = 1e-9
/** Delays that are measured may be so much longer than is predicted without a meaning. */
const slackOfMeasured = 0.05

/**
 * A fleet in columns, in which units can be put on other hosts and back, each in a few steps: what policies search in. Guests
 * that migrate already are where they go to, and stay there.
 */
export class Columns {
  readonly view: FleetView
  readonly rules: PlacementRules
  readonly units: readonly Unit[]
  /** By unit: row of its host now. */
  readonly at: Int32Array
  /** By host: the units on it. */
  readonly on: number[][]
  /** By host: pCPUs, and what guests want of them. */
  readonly capacity: Float64Array
  readonly demand: Float64Array
  /** By host: bytes that guests may hold, that they hold with what is on its way, and that they need. */
  readonly budget: Float64Array
  readonly committed: Float64Array
  readonly wants: Float64Array
  /** By host: predicted, of the worst-served vCPU. */
  readonly delay: Float64Array
  /** By host: measured, the lower of the smoothed delay and of what it reports now; 0 where that is not known. */
  readonly measured: Float64Array
  readonly #costs: UnitCosts
  readonly #vcpus: VcpuColumns
  /** What hosts held and needed at first. */
  readonly #committedFirst: Float64Array
  readonly #wantsFirst: Float64Array
  readonly #ruled: RuleColumns

  constructor(view: FleetView) {
    const { hosts } = view
    this.view = view
    this.rules = new PlacementRules(view)
    this.units = unitsOf(view)
    this.#costs = new UnitCosts(view, this.units)
    this.at = Int32Array.from(this.units, ({ home }) => home)
    this.on = hosts.map(() => [])
    this.capacity = Float64Array.from(hosts, ({ capacity }) => capacity)
    this.demand = new Float64Array(hosts.length)
    this.budget = Float64Array.from(hosts, ({ budget }) => budget)
    this.committed = Float64Array.from(hosts, ({ committed, arriving }) => committed + arriving)
    this.wants = Float64Array.from(hosts, heldBeside)
    this.#vcpus = new VcpuColumns(this.capacity)
    this.#ruled = new RuleColumns(view, this.rules)
    for (const [unit, { home }] of this.units.entries()) {
      this.on[home]!.push(unit)
      this.#add(unit, home, 1)
    }
    this.#committedFirst = this.committed.slice()
    this.#wantsFirst = this.wants.slice()
    const measured = Float64Array.from(hosts, measuredDelay)
    this.measured = measured.map((delay) => (Number.isNaN(delay) ? 0 : delay))
    this.#vcpus.learn(measured)
    this.delay = Float64Array.from(hosts, (_, host) => this.#vcpus.predict(host))
  }

  /** Demand by capacity. */
  load(host: number): number {
    const capacity = this.capacity[host]!
    return capacity > 0 ? this.demand[host]! / capacity : Number(this.demand[host]! > 0)
  }

  /** What vCPUs of a host wait for certain, whatever is predicted: a unit that comes makes it no shorter. */
  certainDelay(host: number): number {
    return this.measured[host]! - slackOfMeasured
  }

  /** Bytes that the guests of a host need more than it may give, which no ballooning can mend. */
  shortage(host: number): number {
    return Math.max(0, this.wants[host]! - this.budget[host]!)
  }

  /** Whether a unit may leave its host; `urgent`: in spite of a cool-down. */
  isMovable(unit: number, urgent = false): boolean {
    return this.units[unit]!.guests.every((guest) => {
      return (urgent ? !staysForGood(guest) : guest.stays.length === 0) && mayLeave(guest.host)
    })
  }

  /**
   * Whether a unit may be put on a host, but for its memory. `strict`: soft rules are kept too. `passing`: for a while, so that
   * a guest which is on a host that it is not pinned to may pass over another.
   */
  isAllowed(unit: number, host: number, strict: boolean, passing = false): boolean {
    const { view, rules } = this
    const target = view.hosts[host]!
    const { guests, home } = this.units[unit]!
    const from = this.at[unit]!
    if (host === from) return false
    if (host === home) return target.hold !== 'maintenance'
    if (target.hold !== undefined) return false
    for (const guest of guests) {
      if (!canRunOn(guest, target)) return false
      const isMisplaced = passing && rules.pinAgainst(guest.row, home) !== undefined
      if (!isMisplaced && rules.pinAgainst(guest.row, host) !== undefined) return false
    }
    const one = this.units[unit]!
    if (!this.#ruled.keepsApart(one, host, strict)) return false
    if (strict && !passing && !this.#ruled.keepsTogether(one, from, host)) return false
    return this.#costs.converges(unit, host)
  }

  /** Whether a host has the memory for a unit when all that was put elsewhere, and `without` too, has left. */
  fits(unit: number, host: number, without?: number): boolean {
    const { wants } = this.units[unit]!
    const most = this.budget[host]! + nothing
    const freed = without === undefined ? 0 : this.#held(without, host)
    const left = without === undefined ? 0 : this.units[without]!.wants
    return (
      this.committed[host]! + this.#held(unit, host) - freed <= most &&
      this.wants[host]! + wants - left <= most
    )
  }

  /** Bytes that a unit takes on a host: at home what it has, elsewhere what it will need too. */
  #held(unit: number, host: number): number {
    const { memory, leaves, home } = this.units[unit]!
    return host === home ? leaves : memory
  }

  /** Predicted delay of a host with one more unit (`sign` 1), or without one of its own (-1); `other` is put the other way round. */
  delayWith(host: number, unit: number, sign: 1 | -1, other?: number): number {
    const one = this.units[unit]!.vcpus
    const two = other === undefined ? [] : this.units[other]!.vcpus
    return sign > 0 ? this.#vcpus.predictWith(host, one, two) : this.#vcpus.predictWith(host, two, one)
  }

  /** Predicted delay of a host with these units alone. */
  delayOf(units: Iterable<number>, host: number): number {
    return this.#vcpus.predictOnly(
      host,
      Array.from(units, (unit) => this.units[unit]!.vcpus),
    )
  }

  /** No placement has the worst-served vCPU wait less. */
  get leastDelay(): number {
    return this.#vcpus.least
  }

  /** Whether more was put on a host than it has memory for; what was so from the beginning does not count. */
  isOverfilled(host: number): boolean {
    const most = this.budget[host]! + nothing
    return (
      (this.committed[host]! > most && this.committed[host]! > this.#committedFirst[host]! + nothing) ||
      (this.wants[host]! > most && this.wants[host]! > this.#wantsFirst[host]! + nothing)
    )
  }

  /** Two empty hosts for which this is the same are alike to all guests. */
  emptyKind(host: number): string {
    const { report, uuid } = this.view.hosts[host]!
    const isNamed = (this.view.rules.pinned ?? []).length > 0
    return isNamed
      ? uuid
      : JSON.stringify([this.capacity[host], this.budget[host], report.answers, report.reach?.bandwidth])
  }

  /** Puts a unit on a host. */
  put(unit: number, host: number): void {
    const from = this.at[unit]!
    if (from === host) return
    const there = this.on[from]!
    there.splice(there.indexOf(unit), 1)
    this.on[host]!.push(unit)
    this.at[unit] = host
    this.#add(unit, from, -1)
    this.#add(unit, host, 1)
    this.committed[from]! -= this.#held(unit, from)
    this.committed[host]! += this.#held(unit, host)
    this.delay[from] = this.#vcpus.predict(from)
    this.delay[host] = this.#vcpus.predict(host)
  }

  /** Rows of the guests that one must not meet on a host. */
  conflictsOf(guest: number): ReadonlySet<number> {
    const found = new Set<number>()
    for (const group of this.rules.apartOf(guest)) {
      const { isHard, guests } = this.rules.apart[group]!
      if (isHard) for (const other of guests) if (other !== guest) found.add(other)
    }
    return found
  }

  /** Soft rules that a unit breaks where it is now. */
  softRulesBrokenBy(unit: number): PlanProblem[] {
    const [{ uuid, name }] = this.units[unit]!.guests as [FleetGuest]
    return this.#ruled.brokenBy(this.units[unit]!, this.at[unit]!).map(({ rule }): PlanProblem => {
      return { guest: uuid, guestName: name, reason: { kind: 'soft-rule-broken', rule } }
    })
  }

  /** For a host that is emptied as a whole, or not after all: soft rules keep nobody there. */
  leave(host: number, isLeft: boolean): void {
    if (isLeft) this.#ruled.leaving.add(host)
    else this.#ruled.leaving.delete(host)
  }

  /** Milliseconds of a pCPU that the guests of a unit lose when it is sent from its home to a host. */
  lost(unit: number, host: number): number {
    return this.#costs.lost(unit, host)
  }

  /** Milliseconds that this takes. */
  duration(unit: number, host: number): number {
    return this.#costs.duration(unit, host)
  }

  #add(unit: number, host: number, sign: 1 | -1): void {
    const { vcpus, demand, wants } = this.units[unit]!
    this.#vcpus.add(host, vcpus, sign)
    this.demand[host]! += sign * demand
    this.wants[host]! += sign * wants
    this.#ruled.add(this.units[unit]!, host, sign)
  }
}

/** NaN: not known. */
function measuredDelay({ delay, guests }: FleetHost): number {
  let seen: number | undefined
  for (const { report } of guests) {
    if (report.cpu.delay !== undefined) seen = Math.max(seen ?? 0, report.cpu.delay)
  }
  return delay === undefined || seen === undefined ? Number.NaN : Math.min(delay, seen)
}
