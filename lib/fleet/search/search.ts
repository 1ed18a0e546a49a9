import { Columns } from '../model/columns.ts'
import { Ranking } from '../model/ranking.ts'
import type { StepReason } from '../reasons/step.ts'
import type { FleetView } from '../view/fleet-view.ts'

/** What the cost of a guest's move is multiplied by, by its priority. */
const priorityWeights = { 1: 0.5, 2: 1, 3: 4 } as const

/** Hosts that are weighed for each guest, of those that may take it: the least loaded. */
export const weighed = 12

/** A placement that is changed unit by unit, with the reasons of all that was changed. */
export class Search {
  readonly columns: Columns
  readonly ranking: Ranking
  /** By unit that is not where it is now. */
  readonly decisions = new Map<number, StepReason>()

  constructor(view: FleetView) {
    this.columns = new Columns(view)
    this.ranking = new Ranking(this.columns)
  }

  /** Puts a unit on a host, for a reason; back on its home, there is none. */
  put(unit: number, host: number, reason: StepReason): void {
    const from = this.columns.at[unit]!
    this.columns.put(unit, host)
    if (from !== host) this.ranking.changed(from, host)
    this.decide(unit, reason)
  }

  /** Notes why a unit is where it was put. */
  decide(unit: number, reason: StepReason): void {
    if (this.columns.at[unit] === this.columns.units[unit]!.home) this.decisions.delete(unit)
    else this.decisions.set(unit, this.decisions.get(unit) ?? reason)
  }

  /** Puts it back. */
  undo(unit: number): void {
    const from = this.columns.at[unit]!
    const { home } = this.columns.units[unit]!
    if (from === home) return
    this.columns.put(unit, home)
    this.ranking.changed(from, home)
    this.decisions.delete(unit)
  }

  /**
   * What a move is weighed by among others that help as much: its time with what it takes `beside`, and what its guests
   * lose, by their priority.
   */
  costOf(unit: number, host: number, beside = 0): number {
    const cost = this.columns.lost(unit, host) + this.columns.duration(unit, host) + beside
    let weight = 0
    for (const { report } of this.columns.units[unit]!.guests) {
      weight = Math.max(weight, priorityWeights[report.priority ?? 2])
    }
    return weight * cost
  }

  /** Guests that change their host. */
  get moves(): number {
    let moves = 0
    for (const unit of this.decisions.keys()) moves += this.columns.units[unit]!.guests.length
    return moves
  }

  /** Units that may still be moved from where they are now; unless it is urgent, none that was put there for another reason. */
  movable(host: number, urgent: boolean): number[] {
    return this.columns.on[host]!.filter((unit) => {
      return this.columns.isMovable(unit, urgent) && (urgent || !this.isPlaced(unit))
    })
  }

  /** Whether a unit was put where it is for more than what vCPUs wait or hosts are loaded. */
  isPlaced(unit: number): boolean {
    const kind = this.decisions.get(unit)?.kind
    return kind !== undefined && kind !== 'relieve-delay' && kind !== 'level-load'
  }

  /** What all moves cost the guests, in milliseconds of a pCPU. */
  get lost(): number {
    let lost = 0
    for (const unit of this.decisions.keys()) lost += this.columns.lost(unit, this.columns.at[unit]!)
    return lost
  }

  /** Longest predicted delay, and standard deviation of load, over all hosts. */
  get figures(): { readonly delay: number; readonly deviation: number } {
    const { columns } = this
    const hosts = columns.budget.length
    let delay = 0
    let sum = 0
    let squares = 0
    for (let host = 0; host < hosts; host++) {
      delay = Math.max(delay, columns.delay[host]!)
      const load = columns.load(host)
      sum += load
      squares += load * load
    }
    const mean = hosts > 0 ? sum / hosts : 0
    return { delay, deviation: hosts > 0 ? Math.sqrt(Math.max(0, squares / hosts - mean * mean)) : 0 }
  }

  /** The most that the delay of a host is shorter than before. */
  largestDrop(before: Float64Array): number {
    return this.columns.delay.reduce((most, delay, host) => Math.max(most, before[host]! - delay), 0)
  }

  /** pCPUs that guests wait for less, on the hosts whose vCPUs wait less than these delays. */
  relief(before: Float64Array): number {
    const { delay, demand } = this.columns
    let relief = 0
    for (let host = 0; host < delay.length; host++) {
      relief += Math.max(0, before[host]! - delay[host]!) * demand[host]!
    }
    return relief
  }
}
