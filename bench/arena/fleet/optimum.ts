import { fluidDelays } from '../../../lib/fleet/simulation/fluid-cpu.ts'
import type { FleetScenario } from '../../../lib/fleet/simulation/scenario.ts'
import { standardDeviation } from '../../../lib/util/statistics.ts'
import { leastDeviation } from '../../../test/support/oracle.ts'
import type { FleetFigures } from './figures.ts'

/** Points by which a figure may be above the optimum and still reach it. */
export const within = 0.02
/** So many placements are looked at, at most: what is beyond is not claimed. */
const mostPlacements = 300_000

/** The exact optimum with as many moves as a policy made, and with how few its result can be had. */
export interface Optimum {
  /** The least standard deviation of the hosts' loads with no more moves, by HiGHS. */
  readonly deviation: number
  /** The least wait of the worst-served vCPU with no more moves, by looking at all placements; undefined: too many. */
  readonly delay: number | undefined
  /** The fewest moves to a wait and a deviation that are both within 2 points of the policy's; undefined: too many placements. */
  readonly moves: number | undefined
}

interface Placed {
  readonly demand: number
  readonly vcpus: number
  readonly home: number
}

type Reached = Pick<FleetFigures, 'moves' | 'deviationAfter' | 'delayAfter'>

/** For fleets whose hosts are alike and whose guests want the same all the time, with memory for any placement. */
export function optimumOf({ hosts, guests }: FleetScenario, reached: Reached): Optimum {
  const [{ pcpus } = { pcpus: 1 }] = hosts
  const rows = new Map(hosts.map(({ name }, row) => [name, row]))
  const placed = guests.map(({ demand, vcpus = 2, host = '' }): Placed => {
    if (demand.kind !== 'steady') throw new Error('The optimum is for demands that do not change')
    return { demand: demand.demand, vcpus, home: rows.get(host)! }
  })
  const mean = placed.reduce((sum, { demand }) => sum + demand, 0) / pcpus / hosts.length
  const problem = {
    vcpus: placed.map(({ demand, home }) => ({ demand: demand / pcpus, home })),
    fixed: hosts.map(() => 0),
  }
  // The oracle gives deviations as parts of the mean.
  const deviation = mean * leastDeviation(problem, reached.moves).deviations[0]!
  const fleet = new SmallFleet(placed, hosts.length, pcpus)
  const isSmall = fleet.placements(reached.moves) <= mostPlacements
  return { deviation, ...(isSmall ? fleet.best(reached) : { delay: undefined, moves: undefined }) }
}

/** A fleet all of whose placements can be looked at. */
class SmallFleet {
  readonly #guests: readonly Placed[]
  readonly #hosts: number
  readonly #pcpus: number
  readonly #at: number[]
  /** Wait of the worst-served vCPU of a host, by the guests on it. */
  readonly #delays = new Map<string, number>()

  constructor(guests: readonly Placed[], hosts: number, pcpus: number) {
    this.#guests = guests
    this.#hosts = hosts
    this.#pcpus = pcpus
    this.#at = guests.map(({ home }) => home)
  }

  /** How many there are with no more moves. */
  placements(moves: number): number {
    let [all, ways] = [0, 1]
    for (let moved = 0; moved <= Math.min(moves, this.#guests.length); moved++) {
      all += ways
      ways *= ((this.#guests.length - moved) / (moved + 1)) * (this.#hosts - 1)
    }
    return all
  }

  best({ moves, delayAfter, deviationAfter }: Reached): { readonly delay: number; readonly moves: number } {
    let delay = Number.POSITIVE_INFINITY
    let fewest = moves
    this.#visit(0, 0, Math.min(moves, this.#guests.length), (moved) => {
      const worst = this.#worst()
      delay = Math.min(delay, worst)
      if (moved >= fewest || worst > delayAfter + within) return
      if (this.#deviation() <= deviationAfter + within) fewest = moved
    })
    return { delay, moves: fewest }
  }

  #visit(from: number, moved: number, left: number, look: (moved: number) => void): void {
    look(moved)
    if (left === 0) return
    for (let guest = from; guest < this.#guests.length; guest++) {
      const { home } = this.#guests[guest]!
      for (let host = 0; host < this.#hosts; host++) {
        if (host === home) continue
        this.#at[guest] = host
        this.#visit(guest + 1, moved + 1, left - 1, look)
      }
      this.#at[guest] = home
    }
  }

  #worst(): number {
    let worst = 0
    for (let host = 0; host < this.#hosts; host++) worst = Math.max(worst, this.#delayOf(host))
    return worst
  }

  #delayOf(host: number): number {
    const own = this.#guests.flatMap((_, guest) => (this.#at[guest] === host ? [guest] : []))
    const key = own.join()
    let delay = this.#delays.get(key)
    if (delay === undefined) {
      const load = own.map((guest) => {
        const { demand, vcpus } = this.#guests[guest]!
        return { vcpus, demand: demand / vcpus }
      })
      delay = Math.max(0, ...fluidDelays(load, this.#pcpus))
      this.#delays.set(key, delay)
    }
    return delay
  }

  #deviation(): number {
    const loads = new Float64Array(this.#hosts)
    for (const [guest, host] of this.#at.entries()) loads[host]! += this.#guests[guest]!.demand / this.#pcpus
    return standardDeviation(loads)
  }
}
