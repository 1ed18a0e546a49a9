import { describe, expect, it } from 'vitest'
import type { FleetPlan, Step } from '../../../../lib/fleet/plan/step.ts'
import { withoutSteps } from '../../../../lib/fleet/plan/without-steps.ts'

function planOf(steps: readonly (readonly [guest: string, ...after: number[]])[]): FleetPlan {
  const figures = { delay: 0, load: 0, committed: 0 }
  return {
    steps: steps.map(
      ([guest, ...after]): Step => ({
        guest,
        guestName: guest,
        from: 'a',
        fromName: 'a',
        to: 'b',
        toName: 'b',
        after,
        cost: { bytes: 1, duration: 1, downtime: 1 },
        predicted: { from: figures, to: figures },
        reason: { kind: 'leave-host', host: 'a' },
      }),
    ),
    reason: { kind: 'fleet-rests', delay: 0, deviation: 0 },
    alternatives: [],
  }
}

describe('a plan without some steps', () => {
  it('is the same plan where none is unwanted', () => {
    const plan = planOf([['x'], ['y', 0]])
    expect(withoutSteps(plan, () => false)).toEqual({ plan, left: [] })
  })

  it('is without those that wait for them, and what is kept waits for the same steps as before', () => {
    const plan = planOf([['u'], ['v'], ['w', 0], ['x', 2], ['y', 1], ['z', 1, 4]])
    const { plan: kept, left } = withoutSteps(plan, ({ guest }) => guest === 'u')
    expect(left.map(({ guest }) => guest)).toEqual(['u', 'w', 'x'])
    expect(kept.steps.map(({ guest, after }) => [guest, ...after])).toEqual([['v'], ['y', 0], ['z', 0, 1]])
  })
})
