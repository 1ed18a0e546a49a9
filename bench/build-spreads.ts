import type { Turns } from './baseline.ts'
import { type Spread, spreadOf } from './spread.ts'

/** How one figure of both builds lies. */
export interface BuildSpreads {
  readonly baseline: Spread
  readonly current: Spread
}

/** The spreads of the figures that `figuresOf` finds in the answers, without those of the first `warmUps` turns. */
export function spreadsOfBuilds<Answer>(
  { baseline, current }: Turns<Answer>,
  warmUps: number,
  figuresOf: (answer: Answer) => readonly number[],
): BuildSpreads {
  const spread = (answers: readonly Answer[]) => spreadOf(answers.slice(warmUps).flatMap(figuresOf))
  return { baseline: spread(baseline), current: spread(current) }
}

/** The median of this build as a part of the baseline's. */
export function ratioOf({ baseline, current }: BuildSpreads): number {
  return current.median / baseline.median
}

/** The columns of both builds in a table for people: medians and middle halves, and the ratio. */
export const buildColumns = ['baseline', 'middle half', 'now', 'middle half', 'ratio'] as const

/** What stands in {@link buildColumns}. */
export function buildCells(spreads: BuildSpreads): string[] {
  const { baseline, current } = spreads
  return [
    baseline.median.toFixed(2),
    middleHalf(baseline),
    current.median.toFixed(2),
    middleHalf(current),
    ratioOf(spreads).toFixed(3),
  ]
}

function middleHalf({ lowerQuartile, upperQuartile }: Spread): string {
  return `${lowerQuartile.toFixed(2)}-${upperQuartile.toFixed(2)}`
}

/** One row, each cell flush right in its column. */
export function row(widths: readonly number[], ...cells: readonly string[]): string {
  return cells.map((cell, i) => cell.padStart(widths[i]!)).join('')
}
