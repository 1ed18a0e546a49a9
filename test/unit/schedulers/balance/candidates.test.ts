import { describe, expect, it } from 'vitest'
import { heaviestFirst } from '../../../../lib/schedulers/balance/candidates.ts'
import { Roster } from '../../../../lib/schedulers/balance/roster.ts'

describe('the order of candidates', () => {
  it('is that of their demand, and equal ones stay as they are', () => {
    const demand = Float64Array.of(0.2, 0.5, 0, 0.5, 1, 0.2, -0, 0.2)
    const byComparator = [...demand.keys()].sort((a, b) => demand[b]! - demand[a]!)
    expect([...heaviestFirst(demand)]).toEqual(byComparator)
    expect([...heaviestFirst(new Float64Array())]).toEqual([])
  })
})

describe('a roster', () => {
  const roster = (uuids: string, ...items: number[]) => {
    const numbers = Int32Array.from(
      uuids,
      (uuid, row) => [...uuids.slice(0, row)].filter((one) => one === uuid).length,
    )
    return new Roster([...uuids], numbers, Int32Array.from(items))
  }
  const then = roster('aab', 2, 0, 1)

  it('finds each item where it was', () => {
    expect([...then.itemsOf(roster('aab', 0, 1, 2))!]).toEqual([2, 0, 1])
  })

  it('finds it in another place as well', () => {
    expect([...then.itemsOf(roster('baa', 0, 1, 2))!]).toEqual([1, 2, 0])
  })

  it('does not find others, nor fewer, nor more', () => {
    expect(then.itemsOf(roster('aac', 0, 1, 2))).toBeUndefined()
    expect(then.itemsOf(roster('abb', 0, 1, 2))).toBeUndefined()
    expect(then.itemsOf(roster('aa', 0, 1))).toBeUndefined()
    expect(then.itemsOf(roster('aabc', 0, 1, 2, 3))).toBeUndefined()
  })
})
