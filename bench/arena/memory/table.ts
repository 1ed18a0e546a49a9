import type { MemoryContest } from './contest.ts'
import type { MemoryResult } from './run.ts'

/** One policy in one contest: means over the seeds, the worst of `brokenMiB`, `settled`, sums of actions while idle. */
export interface MemoryRow {
  readonly contest: string
  readonly policy: string
  readonly seeds: number
  readonly feasible: boolean
  /** Seconds. */
  readonly stall: number
  readonly swappedMiB: number
  readonly killed: number
  readonly movedMiB: number
  readonly brokenMiB: number
  /** Seconds. */
  readonly hostSwapped: number
  /** Ticks. */
  readonly settled: number
  readonly diskReads: number
  /** Seconds. */
  readonly residence: number | undefined
  readonly actionsAtRest: number
  readonly ticksAtRest: number
}

export function memoryRow(results: readonly MemoryResult[]): MemoryRow {
  const { contest, policy } = results[0]!
  const runs = results.map(({ figures }) => figures)
  const total = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0)
  const mean = (values: readonly number[]) => total(values) / values.length
  return {
    contest,
    policy,
    seeds: runs.length,
    feasible: runs.every(({ feasible }) => feasible),
    stall: mean(runs.map(({ stall }) => stall)),
    swappedMiB: mean(runs.map(({ swappedMiB }) => swappedMiB)),
    killed: mean(runs.map(({ killed }) => killed)),
    movedMiB: mean(runs.map(({ movedMiB }) => movedMiB)),
    brokenMiB: Math.max(...runs.map(({ brokenMiB }) => brokenMiB)),
    hostSwapped: mean(runs.map(({ hostSwapped }) => hostSwapped)),
    settled: Math.max(...runs.map(({ settled }) => settled)),
    diskReads: mean(runs.map(({ diskReads }) => diskReads)),
    residence: runs.some(({ residence }) => residence === undefined)
      ? undefined
      : mean(runs.map(({ residence }) => residence!)),
    actionsAtRest: total(runs.map(({ actionsAtRest }) => actionsAtRest)),
    ticksAtRest: total(runs.map(({ ticksAtRest }) => ticksAtRest)),
  }
}

const columns: readonly [title: string, width: number, cell: (row: MemoryRow) => string][] = [
  ['stall', 11, ({ stall }) => `${stall.toFixed(1)} s`],
  ['swapped', 12, ({ swappedMiB }) => `${swappedMiB.toFixed(0)} MiB`],
  ['killed', 8, ({ killed }) => count(killed)],
  ['moved', 12, ({ movedMiB }) => `${movedMiB.toFixed(0)} MiB`],
  ['broken', 10, ({ brokenMiB }) => `${brokenMiB.toFixed(0)} MiB`],
  ['host swaps', 12, ({ hostSwapped }) => `${hostSwapped.toFixed(1)} s`],
  ['settled', 9, ({ settled }) => `${settled}`],
  ['idle', 12, ({ actionsAtRest, ticksAtRest }) => `${actionsAtRest}/${ticksAtRest}`],
]

/** Where there are tasks. */
const taskColumns: typeof columns = [
  ['residence', 11, ({ residence = Number.NaN }) => `${residence.toFixed(2)} s`],
  ['disk reads', 12, ({ diskReads }) => diskReads.toFixed(0)],
]

/** One contest as text: a line for each policy. */
export function memoryTable({ name, about, tasks }: MemoryContest, rows: readonly MemoryRow[]): string {
  const feasible = rows.every((row) => row.feasible)
  const shown = tasks ? [...columns, ...taskColumns] : columns
  return [
    `${name}: ${about}; ${feasible ? 'there is memory for all' : 'there is not memory for all at all times'}`,
    `  ${'policy'.padEnd(12)}${shown.map(([title, width]) => title.padStart(width)).join('')}`,
    ...rows.map(
      (row) =>
        `  ${row.policy.padEnd(12)}${shown.map(([, width, cell]) => cell(row).padStart(width)).join('')}`,
    ),
  ].join('\n')
}

function count(value: number): string {
  return Number.isInteger(value) ? `${value}` : value.toFixed(1)
}
