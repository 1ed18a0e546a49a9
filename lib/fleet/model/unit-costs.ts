import { bandwidthBetween, migrationCost, refusalOf, sendingOf } from '../cost/migration-cost.ts'
import type { FleetView } from '../view/fleet-view.ts'
import type { Unit } from './units.ts'

/**
 * What it costs to send units. It depends on the target by its bandwidth alone, which is the same for most: so the last answer
 * for each unit is kept.
 */
export class UnitCosts {
  readonly #view: FleetView
  readonly #units: readonly Unit[]
  /** By unit: bytes per second that the answer is for. */
  readonly #bandwidth: Float64Array
  readonly #converges: Uint8Array
  readonly #lost: Float64Array
  readonly #duration: Float64Array

  constructor(view: FleetView, units: readonly Unit[]) {
    this.#view = view
    this.#units = units
    this.#bandwidth = new Float64Array(units.length).fill(-1)
    this.#converges = new Uint8Array(units.length)
    this.#lost = new Float64Array(units.length)
    this.#duration = new Float64Array(units.length)
  }

  converges(unit: number, host: number): boolean {
    this.#look(unit, host)
    return this.#converges[unit] === 1
  }

  lost(unit: number, host: number): number {
    this.#look(unit, host)
    return this.#lost[unit]!
  }

  duration(unit: number, host: number): number {
    this.#look(unit, host)
    return this.#duration[unit]!
  }

  #look(unit: number, host: number): void {
    const { guests } = this.#units[unit]!
    const to = this.#view.hosts[host]!
    const bandwidth = bandwidthBetween(guests[0]!.host, to)
    if (this.#bandwidth[unit] === bandwidth) return
    let [lost, duration, converges] = [0, 0, 1]
    for (const guest of guests) {
      const sending = sendingOf(guest, guest.host, to)
      const cost = migrationCost(sending)
      const { demand = 0 } = guest
      lost += demand * (cost.duration * (cost.slowdown ?? 0) + cost.downtime)
      duration += cost.duration
      if (refusalOf(sending)) converges = 0
    }
    this.#bandwidth[unit] = bandwidth
    this.#lost[unit] = lost
    this.#duration[unit] = duration
    this.#converges[unit] = converges
  }
}
