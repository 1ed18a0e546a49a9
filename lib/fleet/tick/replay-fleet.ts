import type { FleetPlan } from '../plan/step.ts'
import type { FleetPolicy } from '../policies/fleet-policy.ts'
import type { FleetTick } from './fleet-tick.ts'

/** What a policy decides on a tick that was recorded. */
export interface ReplayedTick {
  /** The tick as it was. */
  readonly tick: FleetTick
  /** What this policy wants there. */
  readonly plan: FleetPlan
  /** Whether that is, step for step, what was wanted then. */
  readonly isSame: boolean
}

/**
 * Asks a policy for its plan at each tick in which one was asked then, in their order: the same policy gives the same plans. It
 * sees the fleet as it was, whatever it wanted before. Its state begins anew with each leader, as it did.
 */
export function* replayFleet(ticks: Iterable<FleetTick>, policy: FleetPolicy): Generator<ReplayedTick> {
  let fence: number | undefined
  let state = policy.initialState
  for (const tick of ticks) {
    if (tick.fence !== fence) state = policy.initialState
    fence = tick.fence
    if (!tick.decided) continue
    const decision = policy.decide(tick.view, state)
    state = decision.state
    const { plan } = decision
    yield {
      tick,
      plan,
      isSame: stepsText(plan) === stepsText(tick.plan) && plan.reason.kind === tick.plan.reason.kind,
    }
  }
}

function stepsText({ steps }: FleetPlan): string {
  return JSON.stringify(steps)
}
