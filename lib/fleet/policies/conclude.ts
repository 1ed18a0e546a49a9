import { guardPlan } from '../guard/guard.ts'
import type { FleetPlan } from '../plan/step.ts'
import type { FleetView } from '../view/fleet-view.ts'

/**
 * The plan without what would leave too little for a host to fail, where the rules ask for that: searches do not look at it,
 * since it takes another placement of all guests to tell. The guard would deny it each round anew.
 */
export function survivable(view: FleetView, plan: FleetPlan): FleetPlan {
  if (view.rules.surviveHost !== true || plan.steps.length === 0) return plan
  const { plan: allowed, denied } = guardPlan(view, plan)
  if (denied.length === 0) return plan
  const problems = denied.map(({ step: { guest, guestName }, reason }) => ({ guest, guestName, reason }))
  return { ...allowed, problems: [...(plan.problems ?? []), ...problems] }
}
