import { type Placed, worstDelay } from './placed.ts'
import { type Search, weighed } from './search.ts'

/** Guests whose demands differ by less than this factor are alike: the cheapest of them leaves first. */
const alike = 1.25

/** Guests that are compared each time. */
const compared = 8
/** Slack of delays that are made up again and again. */
const nothing = 1e-6

/** A placement and what it leads to. */
export interface Reached {
  readonly placed: readonly Placed[]
  /** The longest delay that is not excused. */
  readonly delay: number
}

/**
 * Looks for a placement after which no host's delay is above a goal: off each where it is, the worst first, guests go until
 * it is not, those that want most first, each to the least loaded host that stays within the goal. A single move off a host
 * on which three vCPUs share each pCPU may gain nothing, and all of them together much: so it is the whole that counts.
 * Leaves everything as it was; undefined: it found none.
 */
export function reach(search: Search, goal: number, excused: Float64Array): Reached | undefined {
  const attempt = new Attempt(search, goal, excused)
  const found = attempt.run()
  attempt.undo()
  return found
}

class Attempt {
  readonly #search: Search
  readonly #goal: number
  readonly #excused: Float64Array
  readonly #homes = new Map<number, number>()

  constructor(search: Search, goal: number, excused: Float64Array) {
    this.#search = search
    this.#goal = goal
    this.#excused = excused
  }

  run(): Reached | undefined {
    const { columns } = this.#search
    const above = [...columns.delay.keys()].filter((host) => columns.delay[host]! > this.#limit(host))
    above.sort((a, b) => columns.delay[b]! - columns.delay[a]! || a - b)
    if (!above.every((host) => this.#relieve(host))) return undefined
    this.#putBackWhatMayStay()
    return this.#reached
  }

  undo(): void {
    for (const [unit, home] of this.#homes) this.#put(unit, home)
  }

  get #reached(): Reached {
    const { columns } = this.#search
    const placed = [...this.#homes.keys()].map((unit) => ({ unit, host: columns.at[unit]! }))
    return { placed, delay: worstDelay(this.#search, this.#excused) }
  }

  /** Takes guests off a host until it is within the goal; whether it is. */
  #relieve(host: number): boolean {
    const { columns } = this.#search
    const leaving = this.#leaving(host)
    while (columns.delay[host]! > this.#limit(host)) {
      const unit = this.#mostHelpful(leaving, host)
      if (unit === undefined) return false
      leaving.splice(leaving.indexOf(unit), 1)
      const to = this.#targetFor(unit)
      if (to === undefined) continue
      this.#homes.set(unit, host)
      this.#put(unit, to)
    }
    return true
  }

  /** Of those that want most, the one whose leaving helps most. */
  #mostHelpful(leaving: readonly number[], host: number): number | undefined {
    const { columns } = this.#search
    let best: number | undefined
    let shortest = Number.POSITIVE_INFINITY
    for (const unit of leaving.slice(0, compared)) {
      const delay = columns.delayWith(host, unit, -1)
      if (delay >= shortest - nothing) continue
      best = unit
      shortest = delay
      if (delay <= this.#limit(host)) break
    }
    return best
  }

  /** Guests that may leave a host, in the order in which they do. */
  #leaving(host: number): number[] {
    const { columns, ranking } = this.#search
    const [somewhere = host] = ranking.first(1)
    return this.#search
      .movable(host, false)
      .filter((unit) => columns.units[unit]!.home === host && columns.units[unit]!.demand > 0)
      .map((unit) => {
        const size = Math.round(Math.log(columns.units[unit]!.demand) / Math.log(alike))
        return { unit, size, cost: this.#search.costOf(unit, somewhere) }
      })
      .sort((a, b) => b.size - a.size || a.cost - b.cost || a.unit - b.unit)
      .map(({ unit }) => unit)
  }

  #targetFor(unit: number): number | undefined {
    const { columns, ranking } = this.#search
    return ranking.targets(unit, true, weighed).find((to) => {
      return columns.certainDelay(to) <= this.#goal && columns.delayWith(to, unit, 1) <= this.#limit(to)
    })
  }

  /** Of what was moved, the last first, what its host has the time for all the same goes back. */
  #putBackWhatMayStay(): void {
    const { columns } = this.#search
    for (const [unit, home] of [...this.#homes].reverse()) {
      if (!columns.fits(unit, home) || !columns.isAllowed(unit, home, true)) continue
      if (columns.delayWith(home, unit, 1) > this.#limit(home)) continue
      this.#put(unit, home)
      this.#homes.delete(unit)
    }
  }

  #put(unit: number, host: number): void {
    const { columns, ranking } = this.#search
    const from = columns.at[unit]!
    columns.put(unit, host)
    ranking.changed(from, host)
  }

  #limit(host: number): number {
    return Math.max(this.#goal, this.#excused[host]!) + 1e-9
  }
}
