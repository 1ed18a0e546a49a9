import { expect, it } from 'vitest'
import { backoff } from '../../../lib/util/backoff.ts'

it('pauses grow with each failure in a row, up to the longest', () => {
  const pauses = { first: 100, longest: 500 }
  expect([0, 1, 2, 3, 4, 5_000].map((failures) => backoff(failures, pauses))).toEqual([
    0, 100, 200, 400, 500, 500,
  ])
  expect(backoff(3, { ...pauses, growth: 1.5 })).toBe(225)
})
