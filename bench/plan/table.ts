import { buildCells, buildColumns, row } from '../build-spreads.ts'
import type { PlanFigures, PolicyFigures } from './plan.ts'

const buildWidths = [24, 10, 18, 9, 18, 8, 16]

/** The figures of plans for people. */
export function planTable({ sizes, turns, baseline, ratioLimit }: PlanFigures): string {
  return [
    `Milliseconds to plan, median of ${turns} hosts each; deviation in percent of the mean`,
    line('vCPUs x pCPUs', 'before', 'ms', 'moves', 'deviation', 'bound', ''),
    ...sizes.flatMap((size) => {
      const { vcpus, pcpus, limit, balance, lpt, deviationPercentBefore } = size
      const verdict = `at most ${limit}: ${balance.ms.median <= limit ? 'met' : 'MISSED'}`
      const bound = balance.lowerBoundPercent.toFixed(2)
      return [
        line(
          `${vcpus} x ${pcpus}  balance`,
          deviationPercentBefore.toFixed(1),
          ...cells(balance),
          bound,
          verdict,
        ),
        line('lpt', '', ...cells(lpt), '', ''),
      ]
    }),
    `Milliseconds of the JS thread for one plan of balance; baseline ${baseline.slice(0, 8)}, at most ${ratioLimit} of it`,
    row(buildWidths, 'vCPUs x pCPUs', ...buildColumns, 'moves'),
    ...sizes.map(({ vcpus, pcpus, builds: { cpu, moves } }) =>
      row(buildWidths, `${vcpus} x ${pcpus}`, ...buildCells(cpu), `${moves.baseline}/${moves.current}`),
    ),
  ].join('\n')
}

function cells({ ms, moves, deviationPercent }: PolicyFigures): [string, string, string] {
  return [ms.median.toFixed(2), moves.toFixed(0), deviationPercent.toFixed(2)]
}

function line(label: string, ...columns: readonly string[]): string {
  const verdict = columns.at(-1)!
  const numbers = columns.slice(0, -1).map((text) => text.padStart(11))
  return `  ${label.padStart(22)}${numbers.join('')}  ${verdict}`.trimEnd()
}
