import type { OrderEvent } from '../../fleet/bus/order.ts'
import type { FleetTick } from '../../fleet/tick/fleet-tick.ts'
import { type FleetFigures, type FleetRound, orderEnds, stepResults } from '../../report/fleet-figures.ts'
import { printable } from '../../util/printable.ts'
import { namesOf } from './names.ts'
import { RecentSteps } from './recent-steps.ts'

/** What a member of a fleet counts and keeps, for metrics and the page. */
export class FigureCounts {
  connected = false
  /** Whether anybody leads; undefined: not known. */
  led: boolean | undefined
  readonly #fleet: string
  #leader: string | undefined
  #round: FleetRound | undefined
  readonly #orders = zeros(orderEnds)
  readonly #steps = zeros(stepResults)
  readonly #recent = new RecentSteps()

  constructor(fleet: string) {
    this.#fleet = fleet
  }

  get figures(): FleetFigures {
    return {
      fleet: this.#fleet,
      connected: this.connected,
      leading: this.#round !== undefined,
      led: this.led,
      leader: this.#leader,
      orders: { ...this.#orders },
      steps: { ...this.#steps },
      round: this.#round,
    }
  }

  order({ state }: OrderEvent): void {
    if (state in this.#orders) this.#orders[state as keyof FleetFigures['orders']]++
  }

  tick(tick: FleetTick): void {
    const { view, leader, ordered, denied, outcomes, results, summary } = tick
    this.#recent.tick(tick)
    const names = namesOf(view.hosts)
    const nameOf = (uuid: string | undefined) => {
      const name = uuid === undefined ? undefined : (names.get(uuid) ?? uuid)
      return name === undefined ? undefined : printable(name)
    }
    this.#leader = nameOf(leader)
    this.#steps.ordered += ordered.length
    this.#steps.denied += denied.length
    for (const { outcome } of outcomes) this.#steps[outcome]++
    for (const { verdict } of results) this.#steps[verdict]++
    this.#round = {
      hosts: view.hosts.map(({ uuid, demand, capacity, delay, committed, budget, guests, hold }) => ({
        name: printable(names.get(uuid)!),
        load: capacity > 0 ? demand / capacity : undefined,
        delay,
        committed,
        budget,
        guests: guests.length,
        hold,
      })),
      migrations: view.migrations.map(({ name, from, to, isForeign }) => {
        return { guest: printable(name), from: nameOf(from), to: nameOf(to), isForeign }
      }),
      steps: this.#recent.past,
      planned: this.#recent.planned,
      summary: printable(summary),
    }
  }

  /** Another leads, or nobody. */
  follows(leader?: string): void {
    this.#round = undefined
    this.#recent.clear()
    this.#leader = leader && printable(leader)
  }
}

function zeros<Name extends string>(names: readonly Name[]): Record<Name, number> {
  return Object.fromEntries(names.map((name) => [name, 0])) as Record<Name, number>
}
