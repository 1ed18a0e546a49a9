import {
  bins,
  delayBelowCapacity,
  isSleepless,
  predictedDelay,
  starvedPart,
} from '../cost/predicted-delay.ts'
import type { PlanProblem } from '../plan/step.ts'
import { type FleetHost, type FleetView, mayLeave, staysForGood } from '../view/fleet-view.ts'
import { heldBeside } from '../view/shortage.ts'
import { canRunOn, PlacementRules } from './placement-rules.ts'
import { UnitCosts } from './unit-costs.ts'
import { type Unit, unitsOf } from './units.ts'

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
  /** By host: sum of the squares of its vCPUs' demands, the largest of them, and how many hardly ever sleep. */
  readonly #squares: Float64Array
  readonly #largest: Float64Array
  readonly #sleepless: Float64Array
  /** What hosts held and needed at first. */
  readonly #committedFirst: Float64Array
  readonly #wantsFirst: Float64Array
  readonly #counts: Float64Array
  readonly #sums: Float64Array
  /** By rule that keeps guests apart, and host: how many of its guests are there. */
  readonly #apart: Int32Array
  readonly #countScratch = new Float64Array(bins)
  readonly #sumScratch = new Float64Array(bins)

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
    this.#squares = new Float64Array(hosts.length)
    this.#largest = new Float64Array(hosts.length)
    this.#sleepless = new Float64Array(hosts.length)
    this.#counts = new Float64Array(hosts.length * bins)
    this.#sums = new Float64Array(hosts.length * bins)
    this.#apart = new Int32Array(this.rules.apart.length * hosts.length)
    for (const [unit, { home }] of this.units.entries()) {
      this.on[home]!.push(unit)
      this.#add(unit, home, 1)
    }
    this.#committedFirst = this.committed.slice()
    this.#wantsFirst = this.wants.slice()
    this.delay = Float64Array.from(hosts, (_, host) => this.#predict(host))
    this.measured = Float64Array.from(hosts, measuredDelay)
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
    const { view, rules, at } = this
    const target = view.hosts[host]!
    const { guests, home } = this.units[unit]!
    if (host === at[unit]!) return false
    if (host === home) return target.hold !== 'maintenance'
    if (target.hold !== undefined) return false
    for (const guest of guests) {
      if (!canRunOn(guest, target)) return false
      const isMisplaced = passing && rules.pinAgainst(guest.row, home) !== undefined
      if (!isMisplaced && rules.pinAgainst(guest.row, host) !== undefined) return false
      for (const group of rules.apartOf(guest.row)) {
        const isKept = strict || rules.apart[group]!.isHard
        if (isKept && this.#apart[group * view.hosts.length + host]! > 0) return false
      }
    }
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
    if (sign > 0 && other === undefined) {
      const delay = this.#delayWithMore(host, unit)
      if (delay !== undefined) return delay
    }
    const counts = this.#countScratch
    const sums = this.#sumScratch
    const begin = host * bins
    for (let bin = 0; bin < bins; bin++) {
      counts[bin] = this.#counts[begin + bin]!
      sums[bin] = this.#sums[begin + bin]!
    }
    for (const { bin, count, sum } of this.units[unit]!.vcpus) {
      counts[bin]! += sign * count
      sums[bin]! += sign * sum
    }
    if (other !== undefined) {
      for (const { bin, count, sum } of this.units[other]!.vcpus) {
        counts[bin]! -= sign * count
        sums[bin]! -= sign * sum
      }
    }
    return predictedDelay(counts, sums, 0, this.capacity[host]!)
  }

  /** The same as {@link delayWith} in a few steps, where the host has the capacity for the unit; undefined: it has not. */
  #delayWithMore(host: number, unit: number): number | undefined {
    const { demand, vcpus } = this.units[unit]!
    const capacity = this.capacity[host]!
    const total = this.demand[host]! + demand
    if (total > capacity || capacity <= 0) return undefined
    let squares = this.#squares[host]!
    let largest = this.#largest[host]!
    let sleepless = this.#sleepless[host]!
    for (const { bin, count, sum } of vcpus) {
      squares += (sum * sum) / count
      largest = Math.max(largest, sum / count)
      if (isSleepless(bin)) sleepless += count
    }
    return delayBelowCapacity(total, squares, largest, sleepless, capacity)
  }

  /** Predicted delay of a host with these units alone. */
  delayOf(units: Iterable<number>, host: number): number {
    const counts = this.#countScratch.fill(0)
    const sums = this.#sumScratch.fill(0)
    for (const unit of units) {
      for (const { bin, count, sum } of this.units[unit]!.vcpus) {
        counts[bin]! += count
        sums[bin]! += sum
      }
    }
    return predictedDelay(counts, sums, 0, this.capacity[host]!)
  }

  /** What vCPUs would wait if all hosts were one: no placement does with less. */
  get leastDelay(): number {
    const counts = this.#countScratch.fill(0)
    const sums = this.#sumScratch.fill(0)
    let capacity = 0
    for (const [host, own] of this.capacity.entries()) {
      capacity += own
      for (let bin = 0; bin < bins; bin++) {
        counts[bin]! += this.#counts[host * bins + bin]!
        sums[bin]! += this.#sums[host * bins + bin]!
      }
    }
    return starvedPart(counts, sums, 0, capacity)
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
    this.delay[from] = this.#predict(from)
    this.delay[host] = this.#predict(host)
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
    const host = this.at[unit]!
    return this.units[unit]!.guests.flatMap(({ row, uuid, name }) => {
      return this.rules
        .apartOf(row)
        .filter(
          (group) =>
            !this.rules.apart[group]!.isHard && this.#apart[group * this.view.hosts.length + host]! > 1,
        )
        .map((group): PlanProblem => {
          const { rule } = this.rules.apart[group]!
          return { guest: uuid, guestName: name, reason: { kind: 'soft-rule-broken', rule } }
        })
    })
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
    const { guests, vcpus, demand, wants } = this.units[unit]!
    const begin = host * bins
    for (const { bin, count, sum } of vcpus) {
      this.#counts[begin + bin]! += sign * count
      this.#sums[begin + bin]! += sign * sum
      this.#squares[host]! += (sign * sum * sum) / count
      if (isSleepless(bin)) this.#sleepless[host]! += sign * count
    }
    this.demand[host]! += sign * demand
    this.wants[host]! += sign * wants
    for (const { row } of guests) {
      for (const group of this.rules.apartOf(row)) this.#apart[group * this.view.hosts.length + host]! += sign
    }
  }

  #predict(host: number): number {
    let top = bins - 1
    while (top >= 0 && this.#counts[host * bins + top]! <= nothing) top--
    this.#largest[host] = top < 0 ? 0 : this.#sums[host * bins + top]! / this.#counts[host * bins + top]!
    return predictedDelay(this.#counts, this.#sums, host * bins, this.capacity[host]!)
  }
}

function measuredDelay({ delay = 0, guests }: FleetHost): number {
  let seen = 0
  for (const { report } of guests) seen = Math.max(seen, report.cpu.delay ?? 0)
  return Math.min(delay, seen)
}
