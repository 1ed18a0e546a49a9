import type { FleetPlan } from '../plan/step.ts'
import type { FleetReason } from '../reasons/fleet-reasons.ts'
import type { FleetView } from '../view/fleet-view.ts'
import { isWithinHours } from '../view/hours.ts'

/** The empty plan of a fleet in which nothing may be moved now; undefined: something may. */
export function hindrance(view: FleetView): FleetPlan | undefined {
  const reason = reasonOf(view)
  if (!reason) return undefined
  return {
    steps: [],
    reason,
    alternatives: [],
    problems: view.problems.map((problem) => ({ reason: problem.reason })),
  }
}

function reasonOf({ hosts, paused, problems, rules, wallTime }: FleetView): FleetReason | undefined {
  if (hosts.length === 0) return { kind: 'no-fleet' }
  if (paused !== undefined) return { kind: 'fleet-paused', by: paused }
  const contradictions = problems.filter(({ isContradiction }) => isContradiction).length
  if (contradictions > 0) return { kind: 'fleet-contradicted', problems: contradictions }
  if (!isWithinHours(rules.hours, wallTime))
    return { kind: 'fleet-hours', hours: (rules.hours ?? []).join(', ') }
  return undefined
}
