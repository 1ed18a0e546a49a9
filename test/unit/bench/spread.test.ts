import { describe, expect, it } from 'vitest'
import { spreadOf } from '../../../bench/spread.ts'

describe('spreadOf', () => {
  it('takes the middle of an odd number of measurements, in whatever order they came', () => {
    expect(spreadOf([9, 1, 5, 3, 7])).toEqual({
      median: 5,
      lowerQuartile: 3,
      upperQuartile: 7,
      least: 1,
      most: 9,
    })
  })

  it('lies between the two in the middle of an even number', () => {
    expect(spreadOf([4, 1, 2, 3])).toMatchObject({ median: 2.5, lowerQuartile: 1.75, upperQuartile: 3.25 })
  })

  it('is not moved by one that is far off', () => {
    expect(spreadOf([1, 1, 1, 1, 1_000]).median).toBe(1)
  })

  it('orders numbers as numbers', () => {
    expect(spreadOf([10, 9, 100]).median).toBe(10)
  })

  it('of nothing is an error', () => {
    expect(() => spreadOf([])).toThrow('Nothing was measured')
  })
})
