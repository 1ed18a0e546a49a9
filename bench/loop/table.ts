import type { Spread } from '../spread.ts'
import type { LoopFigures } from './loop.ts'

/** The figures of the loop for people. */
export function loopTable({ sizes, turns, baseline, limit, passed }: LoopFigures): string {
  return [
    `Milliseconds of the JS thread for one tick, median of ${turns} turns; baseline ${baseline.slice(0, 8)}`,
    line('guests', 'pCPUs', 'baseline', 'middle half', 'now', 'middle half', 'ratio', 'actions'),
    ...sizes.map(({ guests, pcpus, ms, ratio, actions }) =>
      line(
        String(guests),
        String(pcpus),
        ms.baseline.median.toFixed(2),
        half(ms.baseline),
        ms.current.median.toFixed(2),
        half(ms.current),
        ratio.toFixed(2),
        `${actions.baseline}/${actions.current}`,
      ),
    ),
    `At most ${limit} for 1,000 guests: ${passed ? 'met' : 'MISSED'}`,
  ].join('\n')
}

function half({ lowerQuartile, upperQuartile }: Spread): string {
  return `${lowerQuartile.toFixed(2)}-${upperQuartile.toFixed(2)}`
}

function line(...cells: readonly string[]): string {
  const widths = [8, 7, 10, 16, 9, 16, 8, 14]
  return cells.map((cell, i) => cell.padStart(widths[i]!)).join('')
}
