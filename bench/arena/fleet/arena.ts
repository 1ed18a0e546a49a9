import { availableParallelism } from 'node:os'
import { runAll } from '../pool.ts'
import { fleetContests } from './contests.ts'
import { fleetClaims, judgeFleet } from './judge.ts'
import { subject } from './policies.ts'
import type { FleetEntry, FleetResult } from './run.ts'
import { type FleetRow, fleetRow, fleetTable } from './table.ts'

export interface FleetArenaOptions {
  readonly json?: boolean
  /** The contests whose names begin so. */
  readonly only?: string
  readonly policies: readonly string[]
  readonly seeds: number
  /** Rounds that {@link subject} is watched for after those that are scored. */
  readonly rounds: number
}

/** Runs and prints the fleet's side of the arena; whether every claim held. */
export async function fleetArena(options: FleetArenaOptions, log: (line: string) => void): Promise<boolean> {
  const { json, only = '', policies, seeds, rounds } = options
  const chosen = fleetContests.filter(({ name }) => name.startsWith(only))
  if (chosen.length === 0) {
    throw new Error(`No contest begins with ${only}: ${fleetContests.map(({ name }) => name).join(', ')}`)
  }
  const entries = chosen.flatMap(({ name: contest }) =>
    policies.flatMap((policy) =>
      Array.from({ length: seeds }, (_, index): FleetEntry => {
        return { contest, policy, seed: index + 1, watched: policy === subject ? rounds : 0 }
      }),
    ),
  )
  const results: FleetResult[] = []
  const rows: FleetRow[] = []
  const worker = new URL('./worker.ts', import.meta.url)
  await runAll(worker, entries, Math.min(2, availableParallelism()), (result: FleetResult) => {
    results.push(result)
    const own = results.filter(({ contest }) => contest === result.contest)
    if (own.length < policies.length * seeds) return
    const contest = chosen.find(({ name }) => name === result.contest)!
    const table = policies.map((policy) => fleetRow(own.filter((one) => one.policy === policy)))
    rows.push(...table)
    log(`${contest.name}: ${results.length} of ${entries.length} runs`)
    console.log(`${fleetTable(contest, table)}\n`)
  })

  const takesPart = policies.includes(subject) && policies.includes('usage')
  const broken = judgeFleet(results, subject)
  for (const { claim, contest, seed, what } of broken) {
    console.log(`BROKEN ${claim}: ${contest}, seed ${seed}: ${what}`)
  }
  const passed = takesPart && broken.length === 0
  console.log(
    passed
      ? 'Passed: every claim held.'
      : `Failed: see above, or ${subject} and usage did not both take part.`,
  )
  if (json) {
    const claims = Object.fromEntries(
      Object.keys(fleetClaims).map((claim) => [claim, broken.every((one) => one.claim !== claim)]),
    )
    const inOrder = chosen.flatMap(({ name }) => rows.filter(({ contest }) => contest === name))
    const figures = { arena: 'fleet', passed, claims, broken, seeds, rounds, rows: inOrder }
    console.log(JSON.stringify(figures, shortened))
  }
  return passed
}

/** Figures as they are meant. */
function shortened(_key: string, value: unknown): unknown {
  return typeof value === 'number' ? Number(value.toPrecision(5)) : value
}
