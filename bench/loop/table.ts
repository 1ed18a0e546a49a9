import { buildCells, buildColumns, row } from '../build-spreads.ts'
import type { LoopFigures } from './loop.ts'

const widths = [8, 7, 10, 18, 9, 18, 8, 14]

/** The figures of the loop for people. */
export function loopTable({ sizes, turns, baseline, limit, passed }: LoopFigures): string {
  return [
    `Milliseconds of the JS thread for one tick, median of ${turns} turns; baseline ${baseline.slice(0, 8)}`,
    row(widths, 'guests', 'pCPUs', ...buildColumns, 'actions'),
    ...sizes.map(({ guests, pcpus, ms, actions }) =>
      row(widths, `${guests}`, `${pcpus}`, ...buildCells(ms), `${actions.baseline}/${actions.current}`),
    ),
    `At most ${limit} for 1,000 guests: ${passed ? 'met' : 'MISSED'}`,
  ].join('\n')
}
