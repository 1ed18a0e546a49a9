import { expect, it } from 'vitest'
import { FailedPlans } from '../../../../lib/fleet/loop/failed-plans.ts'

const minutes = 60_000

it('rests twice as long after each plan that did not help', () => {
  const failed = new FailedPlans()
  expect(failed.remainingAt(0)).toBeLessThanOrEqual(0)
  for (const rest of [5, 10, 20]) {
    failed.begin()
    failed.judged('no-help', 0)
    expect(failed.remainingAt(0)).toBe(rest * minutes)
  }
  failed.begin()
  failed.judged('helped', 0)
  failed.judged('harm', 0)
  expect(failed.remainingAt(0)).toBe(5 * minutes)
})

it('counts a plan once, however many of its steps did not help and whatever the others did', () => {
  const failed = new FailedPlans()
  failed.judged('no-help', 0)
  failed.judged('helped', 1_000)
  failed.judged('no-help', 2_000)
  expect(failed.remainingAt(2_000)).toBe(5 * minutes)
  failed.begin()
  failed.judged('no-help', 2_000)
  expect(failed.remainingAt(2_000)).toBe(10 * minutes)
})
