import type { FleetPlan, Step } from './step.ts'

/** A plan without some of its steps, and without those that wait for them; `left` are all that were taken out. */
export function withoutSteps(
  plan: FleetPlan,
  isUnwanted: (step: Step) => boolean,
): { readonly plan: FleetPlan; readonly left: readonly Step[] } {
  const places: (number | undefined)[] = []
  const steps: Step[] = []
  const left: Step[] = []
  for (const step of plan.steps) {
    const isKept = !isUnwanted(step) && step.after.every((index) => places[index] !== undefined)
    places.push(isKept ? steps.length : undefined)
    if (isKept) steps.push({ ...step, after: step.after.map((index) => places[index]!) })
    else left.push(step)
  }
  return left.length === 0 ? { plan, left } : { plan: { ...plan, steps }, left }
}
