import type { PlanFigures, PolicyFigures } from './plan.ts'

/** The figures of plans for people. */
export function planTable({ sizes, turns }: PlanFigures): string {
  return [
    `Milliseconds to plan, median of ${turns} hosts each; deviation in percent of the mean`,
    line('vCPUs x pCPUs', 'before', 'ms', 'moves', 'deviation', 'bound', ''),
    ...sizes.flatMap((size) => {
      const { vcpus, pcpus, limit, passed, balance, lpt, deviationPercentBefore } = size
      const verdict = `at most ${limit}: ${passed ? 'met' : 'MISSED'}`
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
