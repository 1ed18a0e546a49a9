import { availableParallelism } from 'node:os'
import { contests } from '../arena/contests.ts'
import { memoryContests } from '../arena/memory/contests.ts'
import { memoryPolicies } from '../arena/memory/policies.ts'
import { policies } from '../arena/policies.ts'
import { runAll } from '../arena/pool.ts'
import type { RegretEntry, RegretResult } from './run.ts'

/** The most that `balance` may give away on average. */
export const regretLimit = 0.05

export interface RegretOptions {
  readonly seeds: number
  /** Only contests whose names begin so. */
  readonly only?: string | undefined
  readonly sides: readonly RegretEntry['side'][]
}

export interface RegretFigures {
  readonly bench: 'regret'
  readonly passed: boolean
  readonly limit: number
  readonly seeds: number
  /** By side and policy: mean over the contests in which there was something to gain, and how many these were. */
  readonly means: Readonly<Record<RegretEntry['side'], Readonly<Record<string, number>>>>
  /** The mean of `balance`, counted from the first full sample on. */
  readonly sampled: number | undefined
  readonly counted: Readonly<Record<RegretEntry['side'], number>>
  readonly results: readonly RegretResult[]
}

const namesOf = {
  cpu: Object.keys(policies).filter((name) => name !== 'none'),
  memory: Object.keys(memoryPolicies).filter((name) => name !== 'none'),
} as const
const contestsOf = {
  cpu: contests.map(({ name }) => name),
  memory: memoryContests.map(({ name }) => name),
} as const

/** The regret of every policy in every contest of the arena. */
export async function measureRegret(
  { seeds, only = '', sides }: RegretOptions,
  log: (line: string) => void,
): Promise<RegretFigures> {
  const entries = sides.flatMap((side) =>
    contestsOf[side]
      .filter((name) => name.startsWith(only))
      .flatMap((contest) =>
        Array.from({ length: seeds }, (_, index): RegretEntry => {
          return { side, contest, policy: namesOf[side].join(','), seed: index + 1 }
        }),
      ),
  )
  if (entries.length === 0) throw new Error(`No contest begins with ${only}`)
  const results: RegretResult[] = []
  const worker = new URL('./worker.ts', import.meta.url)
  await runAll(worker, entries, Math.min(2, availableParallelism()), (result: RegretResult) => {
    results.push(result)
    log(`${result.contest}, seed ${result.seed}: ${results.length} of ${entries.length}`)
  })
  const inOrder = entries.flatMap((entry) =>
    results.filter(({ side, contest, seed }) => {
      return side === entry.side && contest === entry.contest && seed === entry.seed
    }),
  )
  const ofSide = (side: RegretEntry['side']) =>
    inOrder.filter((result) => result.side === side && Object.keys(result.regrets).length > 0)
  const meansOf = (side: RegretEntry['side']) =>
    Object.fromEntries(
      namesOf[side].flatMap((name) => {
        const values = ofSide(side).map(({ regrets }) => regrets[name]!)
        return values.length > 0 ? [[name, values.reduce((sum, one) => sum + one, 0) / values.length]] : []
      }),
    )
  const sampled = ofSide('cpu').flatMap(({ sampledRegrets }) => sampledRegrets.balance ?? [])
  const means = { cpu: meansOf('cpu'), memory: meansOf('memory') }
  return {
    bench: 'regret',
    passed: (means.cpu.balance ?? Number.POSITIVE_INFINITY) <= regretLimit,
    limit: regretLimit,
    seeds,
    means,
    sampled: sampled.length > 0 ? sampled.reduce((sum, one) => sum + one, 0) / sampled.length : undefined,
    counted: { cpu: ofSide('cpu').length, memory: ofSide('memory').length },
    results: inOrder,
  }
}
