import { describe, expect, it } from 'vitest'
import { FailedSteps } from '../../../../lib/fleet/loop/failed-steps.ts'
import type { Step } from '../../../../lib/fleet/plan/step.ts'
import type { StepResult } from '../../../../lib/fleet/tick/fleet-tick.ts'
import { stepOf } from './steps.ts'

const minute = 60_000
const reason = { kind: 'level-load', demand: 1, from: 1, to: 0, deviation: 0 } as const

function resultOf(from: string, to: string, verdict: StepResult['verdict'], why: Step['reason'] = reason) {
  const figures = { delay: 0, load: 0, committed: 0 }
  const both = { from: figures, to: figures }
  return { order: '1', step: stepOf('g', from, to, [], why), before: both, seen: both, verdict }
}

describe('steps that did not help', () => {
  it('have their own hosts rest, and no others, where more of the plan helped', () => {
    const failed = new FailedSteps()
    const results = [
      resultOf('a', 'b', 'helped'),
      resultOf('c', 'd', 'no-help'),
      resultOf('e', 'f', 'helped'),
    ]
    expect(failed.judged(results, 0)).toBe(false)
    const restOf = (from: string, to: string) => failed.remainingAt(0, stepOf('g', from, to))
    expect(restOf('c', 'a')).toBe(5 * minute)
    expect(restOf('a', 'd')).toBe(5 * minute)
    expect(restOf('a', 'f')).toBeLessThanOrEqual(0)
    expect(failed.remainingAt(6 * minute, stepOf('g', 'c', 'd'))).toBeLessThanOrEqual(0)
  })

  it('end the plan, and have all hosts rest, where no more of it helped', () => {
    const failed = new FailedSteps()
    expect(failed.judged([resultOf('a', 'b', 'helped')], 0)).toBe(false)
    expect(failed.judged([resultOf('c', 'd', 'no-help')], 0)).toBe(true)
    expect(failed.remainingAt(0, stepOf('g', 'e', 'f'))).toBe(5 * minute)
  })

  it('are not outweighed by what had to be done, nor by what another plan did', () => {
    const failed = new FailedSteps()
    const other = { kind: 'leave-host', host: 'x' } as const
    failed.judged([resultOf('a', 'b', 'helped'), resultOf('a', 'b', 'helped')], 0)
    failed.begin()
    failed.judged([resultOf('a', 'b', 'helped', other), resultOf('a', 'b', 'helped', other)], 0)
    expect(failed.judged([resultOf('c', 'd', 'no-help')], 0)).toBe(true)
  })

  it('double the rest of a host with each plan, until one helps there', () => {
    const failed = new FailedSteps()
    const helped = [1, 2, 3].map((i) => resultOf(`x${i}`, 'y', 'helped'))
    for (const rest of [5, 10, 20]) {
      failed.begin()
      failed.judged([...helped, resultOf('a', 'b', 'no-help')], 0)
      expect(failed.remainingAt(0, stepOf('g', 'a', 'c'))).toBe(rest * minute)
    }
    failed.begin()
    failed.judged([resultOf('a', 'b', 'helped')], 0)
    failed.begin()
    failed.judged([...helped, resultOf('a', 'b', 'no-help')], 0)
    expect(failed.remainingAt(0, stepOf('g', 'a', 'c'))).toBe(5 * minute)
  })
})
