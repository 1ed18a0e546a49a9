import { type Guarded, guardPlan } from '../../fleet/guard/guard.ts'
import type { FleetPlan } from '../../fleet/plan/step.ts'
import type { FleetPolicy } from '../../fleet/policies/fleet-policy.ts'
import type { FleetView } from '../../fleet/view/fleet-view.ts'
import { printable, printableJson } from '../../util/printable.ts'
import { type CliContext, writeLines } from '../context.ts'
import { fleetOf, openBus, presentFleet } from './ask.ts'
import type { FleetOptions } from './options.ts'
import { planLines, planRecord } from './plan-text.ts'

/** Rounds that a policy is asked at most: until it has seen long enough what it acts on. */
const mostRounds = 100

/** `ballast fleet plan` */
export async function fleetPlan(context: CliContext, options: FleetOptions): Promise<void> {
  const fleet = await fleetOf(options)
  await using bus = await openBus(context, fleet, options)
  const { view } = await presentFleet(bus, fleet.rules)
  showPlan(context, options, guardPlan(view, planNow(fleet.policy.policy, view)))
}

/** What a policy wants when the fleet stays as it is now. */
export function planNow(policy: FleetPolicy, view: FleetView): FleetPlan {
  let state = policy.initialState
  for (let round = 1; ; round++) {
    const decided = policy.decide(view, state)
    if (decided.plan.reason.kind !== 'fleet-waits' || round === mostRounds) return decided.plan
    state = decided.state
  }
}

export function showPlan(context: CliContext, { json }: FleetOptions, guarded: Guarded): void {
  writeLines(
    context,
    json ? [printableJson(JSON.stringify(planRecord(guarded)))] : planLines(guarded).map(printable),
  )
}
