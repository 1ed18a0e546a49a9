import type { OrderEvent } from '../bus/order.ts'
import type { FleetPlan, HostFigures, Step } from '../plan/step.ts'
import type { FleetReason } from '../reasons/fleet-reasons.ts'
import type { FleetView } from '../view/fleet-view.ts'

/** The record of one round of the fleet's pipeline, plain data: everything that a person sees of a fleet is made from these. */
export interface FleetTick {
  /** 0, 1, 2, … of this leader. */
  readonly index: number
  readonly wallTime: number
  /** UUID of the leader, and revision of its lease. */
  readonly leader: string
  readonly fence: number
  readonly view: FleetView
  readonly plan: FleetPlan
  /** Steps that the guard denied. */
  readonly denied: readonly { readonly step: Step; readonly reason: FleetReason }[]
  /** Orders given in this round, and what was told of open ones since the last. */
  readonly ordered: readonly { readonly order: string; readonly step: Step }[]
  readonly events: readonly OrderEvent[]
  /** Of steps that were followed long enough: what was predicted, and seen. */
  readonly results: readonly StepResult[]
  readonly errors: readonly { readonly code: string; readonly message: string }[]
  readonly summary: string
}

export interface StepResult {
  readonly order: string
  readonly step: Step
  readonly before: { readonly from: HostFigures; readonly to: HostFigures }
  readonly seen: { readonly from: HostFigures; readonly to: HostFigures }
  readonly verdict: 'helped' | 'no-help' | 'harm'
}
