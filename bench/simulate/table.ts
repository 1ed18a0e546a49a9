import type { Spread } from '../spread.ts'
import type { SimulateFigures } from './simulate.ts'

/** The figures of the simulated host for people. */
export function simulateTable({ sizes, turns, baseline, limit, passed }: SimulateFigures): string {
  return [
    `Milliseconds of CPU time for 2 s of a simulated host and its samples, median of ${turns} turns; baseline ${baseline.slice(0, 8)}`,
    line('guests', 'vCPUs', 'pCPUs', 'baseline', 'middle half', 'now', 'middle half', 'ratio', 'samples'),
    ...sizes.map(({ guests, vcpus, pcpus, cpu, ratio, same }) =>
      line(
        String(guests),
        String(vcpus),
        String(pcpus),
        cpu.baseline.median.toFixed(1),
        half(cpu.baseline),
        cpu.current.median.toFixed(1),
        half(cpu.current),
        ratio.toFixed(3),
        same ? 'the same' : 'DIFFER',
      ),
    ),
    `At most ${limit} for 1,000 guests, and the same samples: ${passed ? 'met' : 'MISSED'}`,
  ].join('\n')
}

function half({ lowerQuartile, upperQuartile }: Spread): string {
  return `${lowerQuartile.toFixed(1)}-${upperQuartile.toFixed(1)}`
}

function line(...cells: readonly string[]): string {
  const widths = [8, 7, 7, 10, 16, 9, 14, 8, 10]
  return cells.map((cell, i) => cell.padStart(widths[i]!)).join('')
}
