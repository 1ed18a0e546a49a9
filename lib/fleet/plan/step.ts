import type { FleetReason } from '../reasons/fleet-reasons.ts'

/** One live migration of a plan. Bytes, milliseconds. */
export interface Step {
  /** UUIDs. */
  readonly guest: string
  readonly from: string
  readonly to: string
  /** For people. */
  readonly guestName: string
  readonly fromName: string
  readonly toName: string
  /** Indices, within the plan, of the steps that have to be done before it is begun. */
  readonly after: readonly number[]
  readonly cost: StepCost
  readonly predicted: StepPrediction
  readonly reason: FleetReason
}

/** What a migration takes. docs/fleet-policies.md has the formula. */
export interface StepCost {
  /** Bytes sent, and milliseconds that it takes. */
  readonly bytes: number
  readonly duration: number
  /** Milliseconds that the guest is paused, estimated. */
  readonly downtime: number
  /** Part of the time that the guest loses while it migrates, 0 to 1, estimated. */
  readonly slowdown?: number | undefined
}

/** Delay: the worst-served vCPU of the host, 0 to 1; load: demand by capacity; committed: bytes. */
export interface StepPrediction {
  readonly from: HostFigures
  readonly to: HostFigures
}

export interface HostFigures {
  readonly delay: number | undefined
  readonly load: number
  readonly committed: number
}

/** A plan: steps in an order in which each fits when those that it names are done. */
export interface FleetPlan {
  readonly steps: readonly Step[]
  /** Why it is this plan, or why there is nothing to do. */
  readonly reason: FleetReason
  /** What was weighed beside it: of the best few, what they lead to and what ruled them out. */
  readonly alternatives: readonly PlanAlternative[]
  /**
   * What could not be done, or only at a price: guests that find no place, rules that contradict each other. Default:
   * nothing.
   */
  readonly problems?: readonly PlanProblem[] | undefined
}

export interface PlanProblem {
  /** UUID and name; undefined: it is about no guest. */
  readonly guest?: string | undefined
  readonly guestName?: string | undefined
  readonly reason: FleetReason
}

export interface PlanAlternative {
  readonly steps: number
  readonly bytes: number
  /** The worst-served guest's delay, and the standard deviation of host loads, after it. */
  readonly delay: number | undefined
  readonly deviation: number
  readonly reason: FleetReason
}
