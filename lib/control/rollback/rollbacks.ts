import type { Plan } from '../../policy/plan.ts'
import type { View } from '../../view/view.ts'
import type { Quarantine } from '../ledger/quarantine.ts'
import type { Outcome, Rollback, TickCause } from '../tick.ts'
import { type PinRollback, PinWatch } from './pin-watch.ts'
import { ShrinkWatch } from './shrink-watch.ts'

/**
 * Looks at what became of changes, whatever policy wanted them, and says which are to be undone: pins after which a vCPU
 * waits clearly longer than was to be expected, shrinks after which a guest swaps. What it undoes goes the way of every
 * action, through the guard and the actuator, and the same is held off for a while.
 */
export class Rollbacks {
  readonly #pins: PinWatch
  readonly #shrinks: ShrinkWatch
  #due: PinRollback | undefined

  constructor(quarantine: Quarantine) {
    this.#pins = new PinWatch(quarantine)
    this.#shrinks = new ShrinkWatch(quarantine)
  }

  /** After the connection was lost: what is seen next does not continue what was. */
  interrupt(): void {
    this.#pins.interrupt()
  }

  /** Takes in a View; between two beats only its memory is new. */
  see(view: View, cause: TickCause): void {
    if (cause === 'interval') this.#pins.see(view)
    this.#shrinks.see(view)
  }

  /** Pins to undo now. In such a turn nobody else is to say where vCPUs are to be. */
  pins(view: View): Rollback[] {
    this.#due = this.#pins.due(view)
    return this.#due ? [{ what: 'vcpus', plan: this.#due.pins, why: this.#due.why }] : []
  }

  /** Memory to give back now, where `plan` does not already. */
  memory(view: View, plan: Plan): Rollback[] {
    return this.#shrinks.due(view, plan).map((action) => {
      return { what: 'memory', plan: [action], why: `${action.domain}: ${action.reason}` }
    })
  }

  /** After the turn, which saw `view`. */
  acted(view: View, outcomes: readonly Outcome[]): void {
    if (this.#due) this.#pins.undone(view)
    else this.#pins.acted(view, outcomes)
    this.#due = undefined
    this.#shrinks.acted(view, outcomes)
  }
}
