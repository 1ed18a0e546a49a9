import { availableParallelism } from 'node:os'
import { runAll } from '../pool.ts'
import { memoryContests } from './contests.ts'
import { judgeMemory, memoryClaims } from './judge.ts'
import { writeMemoryPlots } from './plots.ts'
import { subject } from './policies.ts'
import type { MemoryEntry, MemoryResult } from './run.ts'
import { type MemoryRow, memoryRow, memoryTable } from './table.ts'

export interface MemoryOptions {
  readonly json?: boolean
  /** The contests whose names begin so. */
  readonly only?: string
  readonly policies: readonly string[]
  readonly seeds: number
  /** Ticks that {@link subject} is watched for with the first seed, after it is scored. */
  readonly ticks: number
  /** Directory. */
  readonly plots?: string
}

/** Runs and prints the memory side of the arena; whether every claim held. */
export async function memoryArena(options: MemoryOptions, log: (line: string) => void): Promise<boolean> {
  const { json, only = '', policies, seeds, ticks } = options
  const chosen = memoryContests.filter(({ name }) => name.startsWith(only))
  if (chosen.length === 0) {
    throw new Error(`No contest begins with ${only}: ${memoryContests.map(({ name }) => name).join(', ')}`)
  }
  const entries = chosen.flatMap(({ name: contest }) =>
    policies.flatMap((policy) =>
      Array.from({ length: seeds }, (_, index): MemoryEntry => {
        return { contest, policy, seed: index + 1, watched: policy === subject && index === 0 ? ticks : 0 }
      }),
    ),
  )
  if (options.plots !== undefined) await writeMemoryPlots(options.plots, chosen, policies)
  const results: MemoryResult[] = []
  const rows: MemoryRow[] = []
  const worker = new URL('./worker.ts', import.meta.url)
  await runAll(worker, entries, Math.min(2, availableParallelism()), (result: MemoryResult) => {
    results.push(result)
    const own = results.filter(({ contest }) => contest === result.contest)
    if (own.length < policies.length * seeds) return
    const contest = chosen.find(({ name }) => name === result.contest)!
    const table = policies.map((policy) => memoryRow(own.filter((one) => one.policy === policy)))
    rows.push(...table)
    log(`${contest.name}: ${results.length} of ${entries.length} runs`)
    console.log(`${memoryTable(contest, table)}\n`)
  })

  const takesPart = policies.includes(subject)
  const broken = takesPart ? judgeMemory(results, subject) : []
  for (const { claim, contest, what } of broken) console.log(`BROKEN ${claim}: ${contest}: ${what}`)
  const passed = takesPart && broken.length === 0
  console.log(passed ? 'Passed: every claim held.' : `Failed: see above, or ${subject} did not take part.`)
  if (json) {
    const held = Object.keys(memoryClaims).map((claim) => [claim, broken.every((one) => one.claim !== claim)])
    const inOrder = chosen.flatMap(({ name }) => rows.filter(({ contest }) => contest === name))
    const claims = Object.fromEntries(held)
    console.log(
      JSON.stringify({ arena: 'memory', passed, claims, broken, seeds, ticks, rows: inOrder }, shortened),
    )
  }
  return passed
}

/** Figures as they are meant. */
function shortened(_key: string, value: unknown): unknown {
  return typeof value === 'number' ? Number(value.toPrecision(5)) : value
}
