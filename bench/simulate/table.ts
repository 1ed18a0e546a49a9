import { buildCells, buildColumns, row } from '../build-spreads.ts'
import type { SimulateFigures } from './simulate.ts'

const widths = [8, 7, 7, 10, 18, 9, 18, 8, 10]

/** The figures of the simulated host for people. */
export function simulateTable({ sizes, turns, baseline, limit, passed }: SimulateFigures): string {
  return [
    `Milliseconds of CPU time for 2 s of a simulated host and its samples, median of ${turns} turns; baseline ${baseline.slice(0, 8)}`,
    row(widths, 'guests', 'vCPUs', 'pCPUs', ...buildColumns, 'samples'),
    ...sizes.map(({ guests, vcpus, pcpus, cpu, same }) =>
      row(widths, `${guests}`, `${vcpus}`, `${pcpus}`, ...buildCells(cpu), same ? 'the same' : 'DIFFER'),
    ),
    `At most ${limit} for 1,000 guests, and the same samples: ${passed ? 'met' : 'MISSED'}`,
  ].join('\n')
}
