import { expect, it } from 'vitest'
import { isDecision } from '../../../lib/recording/compare.ts'

it.each([
  ['ERR_JOURNAL', false],
  ['ERR_LIBVIRT', false],
  ['ERR_POLICY', true],
  ['ERR_LATE', true],
])('an error %s that was not recorded is another decision: %s', (code, is) => {
  const replayed = [{ code, message: 'it failed' }]
  expect(isDecision({ what: 'errors', recorded: [], replayed })).toBe(is)
  expect(isDecision({ what: 'errors', recorded: replayed, replayed: [] })).toBe(is)
  expect(isDecision({ what: 'plan', recorded: [], replayed: [] })).toBe(true)
})
