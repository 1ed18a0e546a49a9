import { describe, expect, it } from 'vitest'
import { contests } from '../../../bench/arena/contests.ts'
import { judge } from '../../../bench/arena/judge.ts'
import { lowerBound } from '../../../bench/arena/levels.ts'
import { policies } from '../../../bench/arena/policies.ts'
import { type Result, run } from '../../../bench/arena/run.ts'
import { rowOf } from '../../../bench/arena/table.ts'
import { simulate } from '../../../lib/simulation/index.ts'
import { leastDeviation } from '../../support/oracle.ts'
import { seeded } from '../../unit/schedulers/world.ts'

const quick = [
  'A1-8x4',
  'A2-8x4',
  'A3-8x4',
  'A4-8x4',
  'A5-8x4',
  'A6-8x4',
  'A7-8x4',
  'TRAP-4x2',
  'FIVE-5x4',
  'FIVE-placed',
  'SMT-siblings',
  'NUMA2-inside',
  'PINS-foreign',
  'OFFLINE',
  'ONLINE',
  'CPUSET',
]

async function results(names: readonly string[], policy: string): Promise<Result[]> {
  const found: Result[] = []
  for (const contest of names) found.push(await run({ contest, policy, seed: 1, measured: true }))
  return found
}

/** Where others take part: what each of them fails at is among them. */
const rivalry = ['A1-8x4', 'A2-8x4', 'FIVE-5x4', 'SMT-siblings', 'NUMA2-inside']

/** As if this policy were `balance`. */
const asBalance = (own: readonly Result[]) => own.map((result) => ({ ...result, policy: 'balance' }))

/** Seconds of work: a busy machine takes its time for it. */
const timeout = 240_000

describe('the arena', { timeout }, () => {
  it('is something that balance comes through, and no other policy', async () => {
    const balance = await results(quick, 'balance')
    const rivals = await Promise.all(['lpt', 'one-move'].map((policy) => results(rivalry, policy)))
    expect(judge([...balance, ...rivals.flat()])).toEqual([])
    for (const rival of rivals) expect(judge(asBalance(rival))).not.toEqual([])
  })

  it('sees that a scheduler by usage takes a trap for balance', async () => {
    const [usage] = await results(['TRAP-4x2'], 'usage')
    const [balance] = await results(['TRAP-4x2'], 'balance')
    expect(rowOf([usage!])).toMatchObject({ moves: 0, ticksToBalance: undefined, fewestMoves: 1 })
    expect(rowOf([balance!])).toMatchObject({ moves: 1, fewestMoves: 1, movesAfterBalance: 0 })
    expect(
      judge([
        { ...usage!, policy: 'balance' },
        { ...balance!, policy: 'one-move' },
      ]),
    ).not.toEqual([])
  })

  it('tells who does better with as few moves', async () => {
    const [good] = await results(['A1-8x4'], 'balance')
    const [bad] = await results(['A1-8x4'], 'none')
    const worse = [
      { ...bad!, policy: 'balance' },
      { ...good!, policy: 'other' },
    ]
    expect(judge(worse).map(({ claim }) => claim)).toEqual(['oracle', 'rest'])
    const bought = { ...bad!.phases[0]!, moves: 6 }
    const claims = judge([
      { ...bad!, policy: 'balance', phases: [bought] },
      { ...good!, policy: 'other' },
    ])
    expect(claims.map(({ claim }) => claim)).toContain('noneBetter')
  })

  it('has contests that can be simulated, each with a name of its own', () => {
    expect(new Set(contests.map(({ name }) => name)).size).toBe(contests.length)
    for (const { scenario } of contests) expect(() => simulate(scenario(2))).not.toThrow()
    expect(Object.keys(policies)).toContain('none')
  })
})

describe('the lower bound', () => {
  it('is what cannot be done better, by the oracle', () => {
    const random = seeded(3)
    for (let round = 0; round < 8; round++) {
      const demands = Array.from({ length: 5 }, () => random())
      const vcpus = demands.map((demand) => ({ demand, home: 0 }))
      const least = 100 * leastDeviation({ vcpus, fixed: [0, 0, 0] }).deviations[0]!
      expect(lowerBound(demands, 3)).toBeLessThanOrEqual(least + 0.1)
    }
  })

  it('knows that five cannot be level on four only when they are heavy', () => {
    expect(lowerBound([1, 0.1, 0.1, 0.1], 4)).toBeGreaterThan(100)
    expect(lowerBound([0.3, 0.3, 0.3, 0.3], 4)).toBeCloseTo(0)
    expect(lowerBound([], 4)).toBe(0)
  })
})
