import type { Contest } from './contests/contest.ts'
import type { Result } from './run.ts'

/** One policy in one contest, over all seeds. Deviations in percent of the mean. */
export interface Row {
  readonly contest: string
  readonly policy: string
  readonly seeds: number
  /** Most of any phase and seed; undefined: at least once it never came to balance. */
  readonly ticksToBalance: number | undefined
  /** Mean over the seeds, of all judged phases together; so are those that follow, unless said otherwise. */
  readonly moves: number
  /** Fewest there are from where the policy began, by the oracle; undefined: too large for it. */
  readonly fewestMoves: number | undefined
  /** At the end. */
  readonly deviation: number
  /** At the end: least there is by the oracle, or a bound. */
  readonly lowerBound: number
  /** At the end: percent of the time that the worst-served vCPU waits. */
  readonly worstDelay: number
  /** Of all seeds together. */
  readonly movesAfterBalance: number
  /** At the end: vCPUs out of the NUMA cell of their domain's memory. */
  readonly remote: number
}

export function rowOf(results: readonly Result[]): Row {
  const { contest, policy } = results[0]!
  const runs = results.map(({ phases }) => phases.filter(({ judged }) => judged))
  const each = (figure: (run: (typeof runs)[number]) => number) => runs.map(figure)
  const total = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0)
  const mean = (values: readonly number[]) => total(values) / values.length
  const ticks = runs.flat().map(({ ticksToBalance }) => ticksToBalance)
  const exact = runs.flat().every(({ oracle }) => oracle !== undefined)
  return {
    contest,
    policy,
    seeds: runs.length,
    ticksToBalance: ticks.some((one) => one === undefined)
      ? undefined
      : Math.max(...ticks.map((one) => one!)),
    moves: mean(each((run) => total(run.map(({ moves }) => moves)))),
    fewestMoves: exact ? mean(each((run) => total(run.map(({ oracle }) => oracle!.fewest)))) : undefined,
    deviation: mean(each((run) => run.at(-1)!.deviations[0]!)),
    lowerBound: mean(each((run) => run.at(-1)!.lowerBound)),
    worstDelay: mean(each((run) => 100 * run.at(-1)!.worstDelay)),
    movesAfterBalance: total(each((run) => total(run.map((phase) => phase.movesAfterBalance)))),
    remote: mean(each((run) => run.at(-1)!.remote)),
  }
}

const columns: readonly [title: string, width: number, cell: (row: Row) => string][] = [
  ['to balance', 11, ({ ticksToBalance }) => (ticksToBalance === undefined ? 'never' : `${ticksToBalance}`)],
  ['moves', 8, ({ moves }) => count(moves)],
  ['fewest', 8, ({ fewestMoves }) => (fewestMoves === undefined ? '-' : count(fewestMoves))],
  ['deviation', 11, ({ deviation }) => `${deviation.toFixed(1)} %`],
  ['least', 9, ({ lowerBound }) => `${lowerBound.toFixed(1)} %`],
  ['delay', 7, ({ worstDelay }) => `${worstDelay.toFixed(0)} %`],
  ['moves after', 13, ({ movesAfterBalance }) => `${movesAfterBalance}`],
  ['remote', 8, ({ remote }) => count(remote)],
]

/** One contest as text: a line for each policy. */
export function contestTable({ name, about }: Contest, rows: readonly Row[]): string {
  return [
    `${name}: ${about}`,
    `  ${'policy'.padEnd(12)}${columns.map(([title, width]) => title.padStart(width)).join('')}`,
    ...rows.map(
      (row) =>
        `  ${row.policy.padEnd(12)}${columns.map(([, width, cell]) => cell(row).padStart(width)).join('')}`,
    ),
  ].join('\n')
}

function count(value: number): string {
  return Number.isInteger(value) ? `${value}` : value.toFixed(1)
}
