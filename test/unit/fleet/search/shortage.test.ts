import { describe, expect, it } from 'vitest'
import { Search } from '../../../../lib/fleet/search/search.ts'
import { mendShortages } from '../../../../lib/fleet/search/shortage.ts'
import { type HostSketch, viewOf } from '../../../support/fleet/fleets.ts'

/** Names of the guests that leave the first of these hosts for memory. */
function leaving(first: HostSketch): string[] {
  const search = new Search(viewOf([first, { pcpus: 8 }, { pcpus: 8 }]))
  mendShortages(search)
  return [...search.decisions.keys()].map((unit) => search.columns.units[unit]!.guests[0]!.name).sort()
}

const guests = ['a', 'b', 'c'].flatMap((name) => [
  { name: `idle-${name}`, demand: 0.1, memory: 4 },
  { name: `busy-${name}`, demand: 1, memory: 4 },
])

describe('guests that leave for memory', () => {
  it('are those that the CPU is short for too, where both are', () => {
    expect(leaving({ pcpus: 1, budget: 18, guests })).toEqual(['busy-a', 'busy-b'])
    expect(leaving({ pcpus: 1, budget: 22, guests })).toEqual(['busy-a'])
  })

  it('are those that lose least by it, where there is CPU for all', () => {
    expect(leaving({ pcpus: 8, budget: 18, guests })).toEqual(['idle-a', 'idle-b'])
  })

  it('are few and large rather than many and small, since one follows the other', () => {
    const small = Array.from({ length: 8 }, (_, i) => ({ name: `small-${i}`, memory: 1 }))
    const large = [1, 2].map((i) => ({ name: `large-${i}`, memory: 4, dirtyRate: 0.7e9 }))
    expect(leaving({ budget: 10, guests: [...small, ...large] })).toEqual(['large-1', 'large-2'])
  })
})
