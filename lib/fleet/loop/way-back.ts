import type { FleetPlan, Step } from '../plan/step.ts'
import type { FleetReason } from '../reasons/fleet-reasons.ts'
import type { StepResult } from '../tick/fleet-tick.ts'
import type { FleetView } from '../view/fleet-view.ts'

/** The plan that undoes a step that did harm: to what both hosts were before. */
export function wayBack({ step, before, seen }: StepResult): FleetPlan {
  const { guest, guestName, from, fromName, to, toName, cost, predicted } = step
  const worst = (figures: StepResult['seen']) => Math.max(figures.from.delay ?? 0, figures.to.delay ?? 0)
  const reason: FleetReason = { kind: 'did-harm', expected: worst(predicted), delay: worst(seen) }
  const back: Step = {
    guest,
    guestName,
    from: to,
    fromName: toName,
    to: from,
    toName: fromName,
    after: [],
    cost,
    predicted: { from: before.to, to: before.from },
    reason,
  }
  return { steps: [back], reason, alternatives: [] }
}

/** The view for steps that no cool-down holds up: back from harm, and what somebody asked for. */
export function withoutCoolDown(view: FleetView, steps: readonly Step[]): FleetView {
  const isSpared = ({ reason }: Step) => reason.kind === 'did-harm' || reason.kind === 'asked-for'
  const guests = new Set(steps.filter(isSpared).map(({ guest }) => guest))
  if (guests.size === 0) return view
  return {
    ...view,
    guests: view.guests.map((guest) => {
      if (!guests.has(guest.uuid)) return guest
      return { ...guest, stays: guest.stays.filter(({ kind }) => kind !== 'cooling-down') }
    }),
  }
}
