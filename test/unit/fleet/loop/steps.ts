import type { Step } from '../../../../lib/fleet/plan/step.ts'

/** A step of a guest from one host to another, as a policy would make it. */
export function stepOf(
  guest: string,
  from: string,
  to: string,
  after: readonly number[] = [],
  reason: Step['reason'] = { kind: 'level-load', demand: 1, from: 1, to: 0, deviation: 0 },
): Step {
  const figures = { delay: 0, load: 0, committed: 0 }
  return {
    guest,
    guestName: guest,
    from,
    fromName: from,
    to,
    toName: to,
    after,
    cost: { bytes: 1, duration: 1, downtime: 1 },
    predicted: { from: figures, to: figures },
    reason,
  }
}
