import { describe, expect, it } from 'vitest'
import { takeTurns } from '../../../bench/turns.ts'

describe('takeTurns', () => {
  it('measures all in every turn, there and back, and leaves the warm-up out', async () => {
    const order: string[] = []
    let pass = 0
    const measure = (name: string) => async () => {
      order.push(name)
      return ++pass
    }
    const turns: number[] = []
    const spreads = await takeTurns({ a: measure('a'), b: measure('b') }, 3, (turn) => turns.push(turn))
    expect(order.join('')).toBe('abba' + 'abbaab')
    // What counts are the passes from the fifth on: a is 5, 8, 9 and b is 6, 7, 10.
    expect(spreads.a).toMatchObject({ least: 5, median: 8, most: 9 })
    expect(spreads.b).toMatchObject({ least: 6, median: 7, most: 10 })
    expect(turns).toEqual([1, 2, 3])
  })

  it('fails with the pass that fails', async () => {
    const broken = async () => {
      throw new Error('a guest was stuck')
    }
    await expect(takeTurns({ broken }, 1, () => {})).rejects.toThrow('a guest was stuck')
  })
})
