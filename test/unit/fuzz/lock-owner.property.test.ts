import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { describeOwner, parseOwner } from '../../../lib/control/host-lock/owner.ts'
import { anyText, nearly } from './arbitraries.ts'

const honest = `${JSON.stringify({
  pid: 12,
  user: 'root',
  since: 1_700_000_000_000,
  command: 'ballast run',
  policies: ['balance', 'shares'],
  journal: '/var/lib/ballast/x.jsonl',
})}\n`
const content = fc.oneof(
  nearly(
    [honest],
    ['null', '-1', '1e999', '8640000000000001', '[]', '{"__proto__":{}}', '"since":"x"', '\n'],
  ),
  anyText,
  fc.json().map((json) => `${json}\n`),
)

describe('the owner of a lock, whatever is in the lock file', () => {
  it('can be described, or is not known', () => {
    let known = 0
    fc.assert(
      fc.property(content, (text) => {
        const owner = parseOwner(text)
        if (!owner) return
        expect(describeOwner(owner)).toContain(`pid ${owner.pid} (`)
        expect(owner.policies.every((name) => typeof name === 'string')).toBe(true)
        known++
      }),
      { numRuns: 500 },
    )
    expect(known).toBeGreaterThan(0)
  })
})
