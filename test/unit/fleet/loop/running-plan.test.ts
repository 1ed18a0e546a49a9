import { describe, expect, it } from 'vitest'
import { RunningPlan } from '../../../../lib/fleet/loop/running-plan.ts'
import type { Step } from '../../../../lib/fleet/plan/step.ts'
import { stepOf } from './steps.ts'

const reason = { kind: 'did-not-help', remaining: 1 } as const

function running(steps: readonly Step[]): RunningPlan {
  const why = { kind: 'fleet-rests', delay: 0, deviation: 0 } as const
  return new RunningPlan({ steps, reason: why, alternatives: [] }, 'balance')
}

/** Guests whose steps are left out where something is against those of these hosts. */
function leftOut(plan: RunningPlan, ...hosts: readonly string[]): string[] {
  return plan
    .leaveOut(({ from, to }) => (hosts.includes(from) || hosts.includes(to) ? reason : undefined))
    .map(({ step }) => step.guest)
}

describe('a plan that is carried out without some of its steps', () => {
  it('leaves out what waits for one of them, and what it waits for in turn', () => {
    const plan = running([
      stepOf('a', 'bad', 'x'),
      stepOf('b', 'y', 'z', [0]),
      stepOf('c', 'y', 'z', [1]),
      stepOf('d', 'v', 'w'),
    ])
    expect(leftOut(plan, 'bad')).toEqual(['a', 'b', 'c'])
    expect(plan.next.steps.map(({ guest }) => guest)).toEqual(['d'])
    expect(plan.isOver).toBe(false)
    expect(leftOut(plan, 'v')).toEqual(['d'])
    expect(plan.isOver).toBe(true)
  })

  it('leaves out what comes for balance where one of them would have made room, and nothing that has to be done', () => {
    const drained = { kind: 'leave-host', host: 'w' } as const
    const plan = running([
      stepOf('a', 'w', 'x'),
      stepOf('must', 'w', 'x', [], drained),
      stepOf('b', 'x', 'y'),
      stepOf('c', 'y', 'bad'),
      stepOf('d', 'v', 'w'),
    ])
    expect(leftOut(plan, 'bad').sort()).toEqual(['a', 'b', 'c', 'd'])
    expect(plan.next.steps.map(({ guest }) => guest)).toEqual(['must'])
  })

  it('goes on with what is under way', () => {
    const plan = running([stepOf('a', 'bad', 'x'), stepOf('b', 'bad', 'x')])
    plan.begin(0, 'order')
    expect(leftOut(plan, 'bad')).toEqual(['b'])
    expect(plan.isOver).toBe(false)
    plan.ended('order', true)
    expect(plan.isOver).toBe(true)
  })
})
