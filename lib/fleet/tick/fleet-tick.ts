import type { OrderEvent } from '../bus/order.ts'
import type { FleetPlan, HostFigures, Step } from '../plan/step.ts'
import type { FleetReason } from '../reasons/fleet-reasons.ts'
import type { PastMigration } from '../view/fleet-input.ts'
import type { FleetView } from '../view/fleet-view.ts'

/** The record of one round of the fleet's pipeline, plain data: everything that a person sees of a fleet is made from these. */
export interface FleetTick {
  /** 0, 1, 2, … of this leader. */
  readonly index: number
  readonly wallTime: number
  /** UUID of the leader, and revision of its lease. */
  readonly leader: string
  readonly fence: number
  readonly mode: FleetMode
  readonly view: FleetView
  readonly plan: FleetPlan
  /** Whether the policy was asked for `plan` in this round; else it is one of before, which is still being carried out. */
  readonly decided: boolean
  /** Steps that the guard, or the leader, denied. */
  readonly denied: readonly { readonly step: Step; readonly reason: FleetReason }[]
  /** Orders given in this round, and what was told of open ones since the last. */
  readonly ordered: readonly { readonly order: string; readonly step: Step }[]
  readonly events: readonly OrderEvent[]
  /** What became of orders since the last tick, of earlier leaders' too. */
  readonly outcomes: readonly OrderOutcome[]
  /** Of steps that were followed long enough: what was predicted, and seen. */
  readonly results: readonly StepResult[]
  /** Guests that changed hosts without an order of ours since the last tick. */
  readonly foreign: readonly ForeignMove[]
  readonly errors: readonly { readonly code: string; readonly message: string }[]
  readonly summary: string
}

/** What became of an order. */
export interface OrderOutcome extends PastMigration {
  readonly order: string
  /** Why it failed. */
  readonly error?: { readonly code: string; readonly message: string } | undefined
}

/** Why a leader gives orders, or none. */
export type FleetMode =
  | 'active'
  | 'dry run' // it was started so
  | 'paused' // somebody asked for it
  | 'recovering' // what became of an order of before is not known yet
  | 'stepped back' // another program balances the fleet

/** A guest that another program, or a person, moved. UUIDs. */
export interface ForeignMove {
  readonly guest: string
  readonly guestName: string
  readonly from: string
  readonly to: string
}

export interface StepResult {
  readonly order: string
  readonly step: Step
  readonly before: { readonly from: HostFigures; readonly to: HostFigures }
  readonly seen: { readonly from: HostFigures; readonly to: HostFigures }
  readonly verdict: 'helped' | 'no-help' | 'harm'
}
