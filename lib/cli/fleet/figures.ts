import type { OrderEvent } from '../../fleet/bus/order.ts'
import type { FleetTick } from '../../fleet/tick/fleet-tick.ts'
import {
  type FleetFigures,
  type FleetRound,
  orderEnds,
  stepResults,
} from '../../report/metrics/fleet-metrics.ts'
import { printable } from '../../util/printable.ts'

/** What a member of a fleet counts, for metrics. */
export class FigureCounts {
  connected = false
  #round: FleetRound | undefined
  readonly #orders = zeros(orderEnds)
  readonly #steps = zeros(stepResults)

  get figures(): FleetFigures {
    return {
      connected: this.connected,
      leading: this.#round !== undefined,
      orders: { ...this.#orders },
      steps: { ...this.#steps },
      round: this.#round,
    }
  }

  order({ state }: OrderEvent): void {
    if (state in this.#orders) this.#orders[state as keyof FleetFigures['orders']]++
  }

  tick({ view, ordered, denied, outcomes, results }: FleetTick): void {
    this.#steps.ordered += ordered.length
    this.#steps.denied += denied.length
    for (const { outcome } of outcomes) this.#steps[outcome]++
    for (const { verdict } of results) this.#steps[verdict]++
    this.#round = {
      hosts: view.hosts.map(({ name, demand, capacity, delay, committed, budget, guests, hold }) => ({
        name: printable(name),
        load: capacity > 0 ? demand / capacity : undefined,
        delay,
        committed,
        budget,
        guests: guests.length,
        hold,
      })),
      migrations: view.migrations.length,
    }
  }

  /** Another leads, or nobody. */
  follows(): void {
    this.#round = undefined
  }
}

function zeros<Name extends string>(names: readonly Name[]): Record<Name, number> {
  return Object.fromEntries(names.map((name) => [name, 0])) as Record<Name, number>
}
