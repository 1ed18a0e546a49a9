import { formatBytes, formatPercent } from '../../lib/util/format.ts'
import type { HourAnswer, HourFigures } from './hour.ts'

/** The figures for people: a column for each policy. */
export function hourTable(figures: HourFigures): string {
  const { minutes, ticks, guests, pcpus, measured, miss, none, schedulers, ballooning } = figures
  const points = (part: number) => (100 * part).toFixed(1)
  return [
    `${minutes} minutes, ${ticks} ticks: ${guests} guests on ${pcpus} pCPUs`,
    '',
    ...columns({ none, ...schedulers }, [
      ['regret, vCPUs', ({ regret }) => part(regret)],
      ['moves', ({ moves }) => String(moves)],
      ['deviation', ({ deviation }) => formatPercent(deviation)],
    ]),
    '',
    ...columns({ none, ...ballooning }, [
      ['regret, memory', ({ regret }) => part(regret)],
      ['memory moved', ({ memoryMoved }) => formatBytes(memoryMoved)],
      ['waited', ({ stalled }) => `${(stalled / 1_000).toFixed(1)} s`],
    ]),
    '',
    `Measured: ${measured.moves} moves, deviation ${formatPercent(measured.deviation)}, ` +
      `longest delay ${formatPercent(measured.worstDelay)}`,
    `The simulation of the same policies is off by ${miss.moves} moves, ${points(miss.deviation)} points of ` +
      `deviation, ${points(miss.worstDelay)} of the longest delay`,
    ...figures.problems.map((problem) => `problem: ${problem}`),
    ...(figures.programsKilled > 0 ? [`programs killed: ${figures.programsKilled}`] : []),
  ].join('\n')
}

type Row = readonly [name: string, cell: (answer: HourAnswer) => string]

function columns(answers: Readonly<Record<string, HourAnswer>>, rows: readonly Row[]): string[] {
  const all = Object.entries(answers)
  const cells = [
    ['', ...all.map(([name]) => name)],
    ...rows.map(([name, cell]) => [name, ...all.map(([, answer]) => cell(answer))]),
  ]
  const widths = cells[0]!.map((_, column) => Math.max(...cells.map((line) => line[column]!.length)))
  return cells.map((line) =>
    line.map((cell, at) => (at === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[at]!))).join('  '),
  )
}

function part(regret: number | null): string {
  return regret === null ? '-' : formatPercent(regret)
}
