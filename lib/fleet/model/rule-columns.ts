import type { FleetView } from '../view/fleet-view.ts'
import type { Group, PlacementRules } from './placement-rules.ts'
import type { Unit } from './units.ts'

/** How many guests of each rule are on each host, kept as units are put elsewhere: whether rules that are about other guests hold. */
export class RuleColumns {
  /** Rows of hosts that are to be empty: nobody has to stay there for the sake of others. */
  readonly leaving: Set<number>
  readonly #rules: PlacementRules
  readonly #hosts: number
  /** By rule and host. Those that keep guests apart, and the soft ones that keep them together; the hard ones make units. */
  readonly #apart: Int32Array
  readonly #together: Int32Array

  constructor(view: FleetView, rules: PlacementRules) {
    this.#rules = rules
    this.#hosts = view.hosts.length
    this.#apart = new Int32Array(rules.apart.length * this.#hosts)
    this.#together = new Int32Array(rules.together.length * this.#hosts)
    this.leaving = new Set(view.hosts.flatMap(({ hold, row }) => (hold === 'maintenance' ? [row] : [])))
  }

  add({ guests }: Unit, host: number, sign: 1 | -1): void {
    for (const { row } of guests) {
      for (const rule of this.#rules.apartOf(row)) this.#apart[rule * this.#hosts + host]! += sign
      for (const rule of this.#rules.softTogetherOf(row)) this.#together[rule * this.#hosts + host]! += sign
    }
  }

  /** Whether a unit comes to no guest that it is to be apart from; `strict`: by soft rules neither. */
  keepsApart({ guests }: Unit, to: number, strict: boolean): boolean {
    return guests.every(({ row }) => {
      return this.#rules.apartOf(row).every((rule) => {
        return this.#apart[rule * this.#hosts + to] === 0 || !(strict || this.#rules.apart[rule]!.isHard)
      })
    })
  }

  /** Whether a unit has as many of the guests beside it that a soft rule keeps together with it. */
  keepsTogether(unit: Unit, from: number, to: number): boolean {
    return this.#together.length === 0 || this.#lonely(unit, from, to, 0).length === 0
  }

  /** The soft rules that a unit breaks where it was put. */
  brokenBy(unit: Unit, host: number): Group[] {
    const close = this.#rulesOf(unit, (row) => this.#rules.apartOf(row))
      .filter((rule) => this.#apart[rule * this.#hosts + host]! > 1)
      .map((rule) => this.#rules.apart[rule]!)
      .filter(({ isHard }) => !isHard)
    return [...close, ...this.#lonely(unit, unit.home, host, 1)]
  }

  /**
   * The soft rules of which fewer other guests are on a host than where the unit comes from, or, where nobody stays there, than on
   * some host. `counted`: 1 where the unit is on the host already.
   */
  #lonely(unit: Unit, from: number, to: number, counted: 0 | 1): Group[] {
    return this.#rulesOf(unit, (row) => this.#rules.softTogetherOf(row)).flatMap((rule) => {
      const group = this.#rules.together[rule]!
      const own = unit.guests.filter(({ row }) => group.guests.has(row)).length
      const on = (host: number) => this.#together[rule * this.#hosts + host]!
      const others = on(to) - counted * own
      const most = this.leaving.has(from) ? this.#mostElsewhere(on, to) : on(from) - (1 - counted) * own
      return others < most ? [group] : []
    })
  }

  #mostElsewhere(on: (host: number) => number, except: number): number {
    let most = 0
    for (let host = 0; host < this.#hosts; host++) {
      if (host !== except && !this.leaving.has(host)) most = Math.max(most, on(host))
    }
    return most
  }

  #rulesOf({ guests }: Unit, of: (row: number) => readonly number[]): number[] {
    return [...new Set(guests.flatMap(({ row }) => of(row)))]
  }
}
