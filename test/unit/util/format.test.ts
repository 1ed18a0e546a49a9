import { expect, test } from 'vitest'
import { formatPercent } from '../../../lib/util/format.ts'

test('a share that is rounded to 0 has no sign', () => {
  expect(formatPercent(-1e-12)).toBe('0.0 %')
  expect(formatPercent(-0.004, 0)).toBe('0 %')
  expect(formatPercent(-0.0006)).toBe('-0.1 %')
})
