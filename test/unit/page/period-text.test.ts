import { expect, it } from 'vitest'
import { periodText } from '../../../lib/page/figures/period-text.ts'

it.each([
  [3_600_000, 'hour'],
  [149_000, '2 minutes'],
  [60_000, '1 minute'],
  [29_000, '29 seconds'],
  [1_000, '1 second'],
])('%d ms are %s', (milliseconds, text) => {
  expect(periodText(milliseconds)).toBe(text)
})
