import { availableParallelism } from 'node:os'
import { Command, InvalidArgumentError } from 'commander'
import { contests } from './contests.ts'
import { type FleetArenaOptions, fleetArena } from './fleet/arena.ts'
import { fleetPolicies } from './fleet/policies.ts'
import { claims, judge } from './judge.ts'
import { type MemoryOptions, memoryArena } from './memory/arena.ts'
import { memoryPolicies } from './memory/policies.ts'
import { writePlots } from './plots.ts'
import { policies } from './policies.ts'
import { runAll } from './pool.ts'
import type { Entry, Result } from './run.ts'
import { contestTable, type Row, rowOf } from './table.ts'

interface Options {
  readonly json?: boolean
  readonly only?: string
  readonly policies: readonly string[]
  readonly seeds: number
  readonly ticks: number
  readonly plots?: string
}

const worker = new URL('./worker.ts', import.meta.url)
const began = performance.now()
const log = (line: string) =>
  console.error(`${((performance.now() - began) / 1000).toFixed(1).padStart(6)} s  ${line}`)

const program = new Command('arena').description(
  'Every policy over every scenario, on simulated hosts and fleets.',
)

program
  .command('cpu')
  .description('schedulers: moves, deviation and waiting, against each other and against an exact oracle')
  .option('--json', 'end with one line of JSON with all figures')
  .option('--only <contest>', 'those whose name begins so: A1, TRAP, NUMA2-across')
  .option('--policies <names>', 'comma-separated', policyNames, Object.keys(policies))
  .option('--seeds <count>', 'runs of each, from 1 on', atLeastOne, 3)
  .option('--ticks <count>', 'ticks that balance is watched for with the first seed', atLeastOne, 1_000)
  .option('--plots <directory>', 'write two SVGs there for each contest and policy, of the first seed')
  .action(cpu)

program
  .command('memory')
  .description('ballooning policies: what programs wait for, lose and swap, against each other')
  .option('--json', 'end with one line of JSON with all figures')
  .option('--only <contest>', 'those whose name begins so: M1, GROW, LIAR-used')
  .option('--policies <names>', 'comma-separated', memoryPolicyNames, Object.keys(memoryPolicies))
  .option('--seeds <count>', 'runs of each, from 1 on', atLeastOne, 3)
  .option(
    '--ticks <count>',
    'ticks that shares is watched for while idle with the first seed',
    atLeastOne,
    1_000,
  )
  .option('--plots <directory>', 'write an SVG there for each contest and policy, of the first seed')
  .action(async (options: MemoryOptions) => {
    process.exitCode = (await memoryArena(options, log)) ? 0 : 1
  })

program
  .command('fleet')
  .description('fleet policies: what guests wait for and how many migrate, against an exact optimum')
  .option('--json', 'end with one line of JSON with all figures')
  .option('--only <contest>', 'those whose name begins so: OVERFILLED, MAINTENANCE')
  .option('--policies <names>', 'comma-separated', fleetPolicyNames, Object.keys(fleetPolicies))
  .option('--seeds <count>', 'runs of each, from 1 on', atLeastOne, 3)
  .option('--rounds <count>', 'rounds that balance is watched for once nothing changes', atLeastOne, 1_000)
  .action(async (options: FleetArenaOptions) => {
    process.exitCode = (await fleetArena(options, log)) ? 0 : 1
  })

async function cpu({ json, only = '', policies: names, seeds, ticks, plots }: Options): Promise<void> {
  const chosen = contests.filter(({ name }) => name.startsWith(only))
  if (chosen.length === 0)
    throw new Error(`No contest begins with ${only}: ${contests.map((c) => c.name).join(', ')}`)
  const entries = chosen.flatMap((contest) =>
    names.flatMap((policy) =>
      Array.from({ length: seeds }, (_, index): Entry => {
        const isWatched = policy === 'balance' && index === 0
        const length = isWatched ? Math.max(ticks, contest.ticks) : contest.ticks
        return { contest: contest.name, policy, seed: index + 1, ticks: length }
      }),
    ),
  )
  if (plots !== undefined) await writePlots(plots, chosen, names)
  const results: Result[] = []
  const rows: Row[] = []
  await runAll(worker, entries, Math.min(2, availableParallelism()), (result: Result) => {
    results.push(result)
    const { contest: name } = result
    const own = results.filter(({ contest }) => contest === name)
    if (own.length < names.length * seeds) return
    const contest = chosen.find((one) => one.name === name)!
    const table = names.map((policy) => rowOf(own.filter((one) => one.policy === policy)))
    rows.push(...table)
    log(`${name}: ${results.length} of ${entries.length} runs`)
    console.log(`${contestTable(contest, table)}\n`)
  })

  const broken = names.includes('balance') ? judge(results) : []
  for (const { claim, contest, seed, phase, what } of broken) {
    console.log(`BROKEN ${claim}: ${contest}, seed ${seed}, phase ${phase}: ${what}`)
  }
  const held = Object.keys(claims).map((claim) => [claim, broken.every((one) => one.claim !== claim)])
  const passed = names.includes('balance') && broken.length === 0
  console.log(passed ? 'Passed: every claim held.' : 'Failed: see above, or balance did not take part.')
  if (json) {
    const inOrder = chosen.flatMap(({ name }) => rows.filter(({ contest }) => contest === name))
    const figures = {
      arena: 'cpu',
      passed,
      claims: Object.fromEntries(held),
      broken,
      seeds,
      ticks,
      rows: inOrder,
    }
    console.log(JSON.stringify(figures, shortened))
  }
  process.exitCode = passed ? 0 : 1
}

/** Figures as they are meant. */
function shortened(_key: string, value: unknown): unknown {
  return typeof value === 'number' ? Number(value.toPrecision(5)) : value
}

function policyNames(list: string): string[] {
  return namesAmong(policies, list)
}

function memoryPolicyNames(list: string): string[] {
  return namesAmong(memoryPolicies, list)
}

function fleetPolicyNames(list: string): string[] {
  return namesAmong(fleetPolicies, list)
}

function namesAmong(known: object, list: string): string[] {
  const names = list.split(',')
  const stranger = names.find((name) => !Object.hasOwn(known, name))
  if (stranger === undefined) return names
  throw new InvalidArgumentError(`No policy ${stranger}: there are ${Object.keys(known).join(', ')}.`)
}

function atLeastOne(text: string): number {
  const number = Number(text)
  if (/^\d+$/.test(text) && number >= 1) return number
  throw new InvalidArgumentError('Expected a whole number from 1.')
}

try {
  await program.parseAsync()
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error))
  process.exitCode = 1
}
