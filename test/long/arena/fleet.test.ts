import { describe, expect, it } from 'vitest'
import { judgeFleet } from '../../../bench/arena/fleet/judge.ts'
import { runFleet } from '../../../bench/arena/fleet/run.ts'

/** Those that take a second or two, and those with noise; `npm run arena -- fleet` has all. */
const short = [
  'OVERFILLED',
  'IDLE',
  'CONTRADICTION',
  'DRY-RUN',
  'TWO-BALANCERS',
  'MAINTENANCE',
  'NO-GAIN',
  'LOPSIDED',
  'NEIGHBOURS',
  'UNEQUAL-HOSTS',
  'MEMORY',
  'APART',
  'WRITERS',
  'NOISE',
  'NOISY-OVERLOAD',
]

describe('the fleet arena', () => {
  it.each(short)('has no broken claim about balance in %s', async (contest) => {
    const result = await runFleet({ contest, policy: 'balance', seed: 1, watched: 100 })
    expect(judgeFleet([result], 'balance')).toEqual([])
  })
})
