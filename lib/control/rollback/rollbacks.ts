import type { Plan } from '../../policy/plan.ts'
import type { View } from '../../view/view.ts'
import type { Quarantine } from '../ledger/quarantine.ts'
import type { Outcome, Rollback } from '../tick.ts'
import { PinWatch } from './pin-watch.ts'
import { ShrinkWatch } from './shrink-watch.ts'

/**
 * Watches what became of changes, whatever policy wanted them, and says which are to be undone: pins after which a vCPU
 * waits clearly longer than expected, shrinks after which a guest swaps. A rollback goes the way of every action, through
 * the guard and the actuator, and what it undid is blocked for a while.
 */
export class Rollbacks {
  readonly pins: PinWatch
  readonly shrinks: ShrinkWatch

  constructor(quarantine: Quarantine) {
    this.pins = new PinWatch(quarantine)
    this.shrinks = new ShrinkWatch(quarantine)
  }

  /** Pins to undo now, if any. In such a tick no scheduler is to say where vCPUs run. */
  duePins(view: View): Rollback | undefined {
    const due = this.pins.due(view)
    return due && { what: 'vcpus', plan: due.pins, reason: due.reason }
  }

  /** Memory to give back now, where `plan` does not already. */
  dueMemory(view: View, plan: Plan): Rollback[] {
    return this.shrinks.due(view, plan)
  }

  /** After a tick that saw `view` and was carried out; `undone` are the pins that were undone in it. */
  acted(view: View, outcomes: readonly Outcome[], undone: Rollback | undefined): void {
    if (undone) this.pins.undone(view)
    else this.pins.acted(view, outcomes)
    this.shrinks.acted(view, outcomes)
  }
}
