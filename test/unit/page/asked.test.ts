import { describe, expect, it } from 'vitest'
import { askedOf } from '../../../lib/page/simulator/asked.ts'

const lpt = { scheduler: { name: 'lpt', options: {} } }
const namesOf = (...given: Parameters<typeof askedOf>) => askedOf(...given).map(({ name }) => name)

describe('what is played of a recording', () => {
  const policies = { ballooning: { name: 'shares', options: {} } }

  it('are the recorded policies, and those that are asked for in their place, in earnest', () => {
    const asked = askedOf({ loop: { interval: 2_000, dryRun: true }, policies }, 1_000, lpt)
    expect(asked).toEqual([
      { name: 'as recorded', pilot: expect.objectContaining({ interval: 2_000, dryRun: true }) },
      { name: 'lpt', pilot: expect.not.objectContaining({ dryRun: true }) },
    ])
    expect(asked[0]!.pilot.scheduler).toBeUndefined()
    expect(asked[1]!.pilot.scheduler).toBeDefined()
    expect(asked[1]!.pilot.ballooning).toBeDefined()
  })

  it('are those alone that are asked for where the recording does not say its own', () => {
    expect(namesOf({}, 1_000, lpt)).toEqual(['lpt'])
    expect(namesOf({ loop: { interval: 2_000 } }, 1_000, lpt)).toEqual(['lpt'])
    expect(askedOf({}, 1_000, lpt)[0]!.pilot).toMatchObject({ interval: 1_000, ballooning: undefined })
  })
})
