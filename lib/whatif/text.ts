import { formatBytes, formatPercent } from '../util/format.ts'
import type { FiguresRecord } from './host-figures.ts'
import type { Miss } from './miss.ts'
import type { Answer } from './what-if.ts'

/** A row: what it is called, of what was measured, and of an answer. */
interface Row {
  readonly name: string
  readonly measured: (figures: FiguresRecord) => string
  readonly answered: (answer: Answer) => string
}

const both = (name: string, text: (figures: FiguresRecord) => string): Row => ({
  name,
  measured: text,
  answered: ({ played }) => text(played.figures),
})
const simulated = (name: string, answered: Row['answered']): Row => ({
  name,
  measured: () => '-',
  answered,
})

const rows: readonly Row[] = [
  both('moves', ({ moves }) => String(moves)),
  both('pins', ({ pins }) => String(pins)),
  both('deviation of pCPU load', ({ deviation }) => percent(deviation)),
  both('longest delay', ({ worstDelay }) => percent(worstDelay)),
  both('mean delay', ({ meanDelay }) => percent(meanDelay)),
  both('lowest score', ({ lowestScore }) =>
    lowestScore ? `${lowestScore.points.toFixed(0)} (${lowestScore.of})` : '-',
  ),
  both('balloon changes', ({ resizes }) => String(resizes)),
  both('memory moved', ({ memoryMoved }) => formatBytes(memoryMoved)),
  both('swapped', ({ swapped }) => formatBytes(swapped)),
  simulated('waited for memory', ({ played }) => `${(played.toll.stalled / 1_000).toFixed(1)} s`),
  simulated('programs killed', ({ played }) => String(played.toll.programsKilled)),
  simulated('regret: vCPUs', ({ regret }) => part(regret.cpu)),
  simulated('regret: memory', ({ regret }) => part(regret.memory)),
]

/** What was measured and all answers, side by side: lines of cells, of which the first is a heading. */
export function answerCells(answers: readonly Answer[], recorded: FiguresRecord | undefined): string[][] {
  return [
    ['', ...(recorded ? ['measured'] : []), ...answers.map(({ name }) => name)],
    ...rows.map(({ name, measured, answered }) => [
      name,
      ...(recorded ? [measured(recorded)] : []),
      ...answers.map(answered),
    ]),
  ]
}

/** The same as lines of text. */
export function answerTable(answers: readonly Answer[], recorded: FiguresRecord | undefined): string[] {
  const cells = answerCells(answers, recorded)
  const widths = cells[0]!.map((_, column) => Math.max(...cells.map((line) => line[column]!.length)))
  return cells.map((line) =>
    line
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!)))
      .join('  '),
  )
}

/** By how much the simulation misses what was measured. */
export function missLines(miss: Miss): string[] {
  const points = (part: number) => (Number.isNaN(part) ? '-' : `${(100 * part).toFixed(1)} points`)
  const signed = (part: number) => (part > 0 ? `+${points(part)}` : points(part))
  return [
    'The same policies, simulated, miss what was measured by:',
    `  moves ${miss.moves > 0 ? '+' : ''}${miss.moves}; deviation ${signed(miss.deviation)}; longest delay ${signed(miss.worstDelay)}`,
    `  of a vCPU on average: usage ${points(miss.usage)}, delay ${points(miss.delay)}; ` +
      `size of a balloon ${percent(miss.size)}, at most ${percent(miss.largestSize)}`,
  ]
}

function percent(fraction: number): string {
  return Number.isNaN(fraction) ? '-' : formatPercent(fraction)
}

function part(regret: number | undefined): string {
  return regret === undefined ? '-' : formatPercent(regret)
}
