import type { FleetPlan } from '../plan/step.ts'
import type { FleetView } from '../view/fleet-view.ts'

/** A pure function from what is seen of a fleet to the migrations that should be done; state as with host policies. */
export interface FleetPolicy {
  readonly name: string
  decide(view: FleetView, state: unknown): { readonly plan: FleetPlan; readonly state: unknown }
  readonly initialState: unknown
}
