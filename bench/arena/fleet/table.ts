import { mean } from '../../../lib/util/statistics.ts'
import type { FleetContest } from './contest.ts'
import type { FleetResult } from './run.ts'

/** One policy in one contest: means over the seeds; the worst of `overfilledMiB`, sums of moves at rest. */
export interface FleetRow {
  readonly contest: string
  readonly policy: string
  readonly seeds: number
  /** Parts of the time that the worst-served vCPU waits: at the beginning, in the mean, at the end, and in the optimum's. */
  readonly delayBefore: number
  readonly delay: number
  readonly delayAfter: number
  readonly optimalDelay: number | undefined
  readonly deviationBefore: number
  readonly deviationAfter: number
  readonly optimalDeviation: number | undefined
  readonly moves: number
  readonly fewestMoves: number | undefined
  readonly failed: number
  /** Seconds that guests were migrating. */
  readonly migrating: number
  readonly settled: number
  readonly overfilledMiB: number
  readonly movesAtRest: number
  readonly roundsAtRest: number
  readonly predictionError: number | undefined
}

export function fleetRow(results: readonly FleetResult[]): FleetRow {
  const { contest, policy } = results[0]!
  const runs = results.map(({ figures }) => figures)
  const of = (
    figure:
      | 'delayBefore'
      | 'delay'
      | 'delayAfter'
      | 'deviationBefore'
      | 'deviationAfter'
      | 'moves'
      | 'failed'
      | 'migrating'
      | 'settled',
  ) => mean(runs.map((run) => run[figure]))
  const optimal = (figure: 'delay' | 'deviation' | 'moves') =>
    known(results.map(({ optimum }) => optimum?.[figure]))
  return {
    contest,
    policy,
    seeds: runs.length,
    delayBefore: of('delayBefore'),
    delay: of('delay'),
    delayAfter: of('delayAfter'),
    optimalDelay: optimal('delay'),
    deviationBefore: of('deviationBefore'),
    deviationAfter: of('deviationAfter'),
    optimalDeviation: optimal('deviation'),
    moves: of('moves'),
    fewestMoves: optimal('moves'),
    failed: of('failed'),
    migrating: of('migrating'),
    settled: of('settled'),
    overfilledMiB: Math.max(...runs.map(({ overfilledByMove }) => overfilledByMove / 2 ** 20)),
    movesAtRest: runs.reduce((sum, { movesAtRest }) => sum + movesAtRest, 0),
    roundsAtRest: runs.reduce((sum, { roundsAtRest }) => sum + roundsAtRest, 0),
    predictionError: known(runs.map(({ predictionError }) => predictionError)),
  }
}

/** The mean of what is known; undefined: nothing is. */
function known(values: readonly (number | undefined)[]): number | undefined {
  const found = values.filter((value) => value !== undefined)
  return found.length === 0 ? undefined : mean(found)
}

const columns: readonly [title: string, width: number, cell: (row: FleetRow) => string][] = [
  [
    'waited',
    22,
    ({ delayBefore, delayAfter, optimalDelay }) => change(delayBefore, delayAfter, optimalDelay),
  ],
  ['on the way', 12, ({ delay }) => percent(delay)],
  [
    'deviation',
    22,
    ({ deviationBefore, deviationAfter, optimalDeviation }) =>
      change(deviationBefore, deviationAfter, optimalDeviation),
  ],
  [
    'moves',
    13,
    ({ moves, fewestMoves }) =>
      `${count(moves)}${fewestMoves === undefined ? '' : ` (${count(fewestMoves)})`}`,
  ],
  ['failed', 8, ({ failed }) => count(failed)],
  ['migrating', 11, ({ migrating }) => `${migrating.toFixed(0)} s`],
  ['settled', 9, ({ settled }) => settled.toFixed(0)],
  ['overfilled', 12, ({ overfilledMiB }) => `${overfilledMiB.toFixed(0)} MiB`],
  [
    'idle',
    10,
    ({ movesAtRest, roundsAtRest }) => (roundsAtRest > 0 ? `${movesAtRest}/${roundsAtRest}` : '-'),
  ],
  ['off by', 8, ({ predictionError }) => (predictionError === undefined ? '-' : percent(predictionError))],
]

/** One contest as text: a line for each policy; the exact optimum in brackets. */
export function fleetTable({ name, about, reported }: FleetContest, rows: readonly FleetRow[]): string {
  return [
    `${name}: ${about}${reported === undefined ? '' : ` (${reported})`}`,
    `  ${'policy'.padEnd(10)}${columns.map(([title, width]) => title.padStart(width)).join('')}`,
    ...rows.map(
      (row) =>
        `  ${row.policy.padEnd(10)}${columns.map(([, width, cell]) => cell(row).padStart(width)).join('')}`,
    ),
  ].join('\n')
}

function change(before: number, after: number, optimum: number | undefined): string {
  return `${percent(before)}>${percent(after)}${optimum === undefined ? '' : ` (${percent(optimum)})`}`
}

function percent(part: number): string {
  return `${(100 * part).toFixed(1)}%`
}

function count(value: number): string {
  return Number.isInteger(value) ? `${value}` : value.toFixed(1)
}
