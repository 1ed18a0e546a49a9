import type { RegretFigures } from './regret.ts'
import type { RegretEntry, RegretResult } from './run.ts'

/** The regret of every policy for people, in percent; a contest with nothing to gain is left out. */
export function regretTable({ results, means, sampled, counted, limit, passed }: RegretFigures): string {
  const sides = (['cpu', 'memory'] as const).filter((side) => counted[side] > 0)
  return [
    ...sides.flatMap((side) => [...sideTable(side, results, means[side]), '']),
    ...(sampled === undefined
      ? []
      : [`balance, counted from the first full sample on: ${percent(sampled)} % on average`]),
    `balance: at most ${100 * limit} % on average: ${passed ? 'met' : 'MISSED'}`,
  ].join('\n')
}

function sideTable(
  side: RegretEntry['side'],
  results: readonly RegretResult[],
  means: Readonly<Record<string, number>>,
): string[] {
  const names = Object.keys(means)
  const rows = results
    .filter((result) => result.side === side && Object.keys(result.regrets).length > 0)
    .map(({ contest, seed, hindsight, regrets }) => [
      `${contest}, seed ${seed}`,
      hindsight.kind,
      ...names.map((name) => percent(regrets[name]!)),
    ])
  const cells = [
    ['', 'hindsight', ...names],
    ...rows,
    ['mean', '', ...names.map((name) => percent(means[name]!))],
  ]
  const widths = cells[0]!.map((_, column) => Math.max(...cells.map((line) => line[column]!.length)))
  return cells.map((line) =>
    line
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!)))
      .join('  '),
  )
}

function percent(part: number): string {
  return (100 * part).toFixed(1)
}
