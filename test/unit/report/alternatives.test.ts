import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { alternativesOf, verdictTexts } from '../../../lib/report/alternatives.ts'

const front = [
  { moves: 0, deviation: 0.4, exact: true },
  { moves: 1, deviation: 0.2, exact: true },
  { moves: 2, deviation: 0.04, exact: true },
  { moves: 3, deviation: 0.01, exact: true },
]
const verdicts = (kind: string, chosen: number, tolerated = 0.05) =>
  alternativesOf({ front, chosen, lowerBound: 0, tolerated, reason: { kind } }).map(({ verdict }) => verdict)

describe('what became of each alternative', () => {
  it('is that it was chosen, has too few moves, or more than it takes', () => {
    expect(verdicts('balance-fewest', 2)).toEqual([
      'out-of-tolerance',
      'out-of-tolerance',
      'chosen',
      'needs-more-moves',
    ])
    // Fewer would be within tolerance, too.
    expect(verdicts('balance-near-best', 3)[2]).toBe('gains-less')
  })

  it.each([
    ['balance-within-tolerance', 'not-needed'],
    ['balance-idle', 'not-needed'],
    ['balance-uncertain', 'not-needed'],
    ['balance-too-costly', 'does-not-pay'],
    ['balance-unreachable', 'gains-too-little'],
    ['balance-not-worth', 'gains-too-little'],
  ])('when nothing is done, depends on why: %s', (kind, verdict) => {
    expect(verdicts(kind, 0)).toEqual(['chosen', verdict, verdict, verdict])
  })

  it('is documented, each one', () => {
    const page = readFileSync(new URL('../../../docs/reasons.md', import.meta.url), 'utf8')
    const rows = [...page.matchAll(/^\| `([a-z-]+)` \| ([a-z ]+) \|/gm)].map(([, verdict, words]) => [
      verdict,
      words,
    ])
    const section = rows.filter(([verdict]) => verdict! in verdictTexts)
    expect(Object.fromEntries(section)).toEqual(verdictTexts)
  })
})
