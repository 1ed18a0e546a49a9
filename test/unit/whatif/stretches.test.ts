import { describe, expect, it } from 'vitest'
import { stretches } from '../../../lib/whatif/stretches.ts'

const slack = () => 0.1
const levels = (values: number[]) =>
  stretches(values, slack).map(({ first, end, mean }) => [first, end, +mean.toFixed(2)])

describe('stretches', () => {
  it('take noise for one level, and a change for another', () => {
    expect(levels([1, 1.05, 0.95, 2, 2.02])).toEqual([
      [0, 3, 1],
      [3, 5, 2.01],
    ])
  })

  it('bridge what is not known, at the beginning with the first that is', () => {
    expect(levels([Number.NaN, 1, Number.NaN, 1, Number.NaN])).toEqual([[0, 5, 1]])
    expect(levels([Number.NaN, Number.NaN])).toEqual([])
  })
})
