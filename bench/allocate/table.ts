import type { AllocateFigures } from './allocate.ts'

/** The figures of allocations for people. */
export function allocateTable({ sizes, turns }: AllocateFigures): string {
  return [
    `Milliseconds to share out a host's memory, median of ${turns} hosts each`,
    line('domains', 'shares', 'bisection', 'hand-out', ''),
    ...sizes.map(({ domains, limit, passed, ms: { shares, bisection, handOut } }) =>
      line(
        String(domains),
        shares.median.toFixed(3),
        bisection.median.toFixed(3),
        handOut.median.toFixed(3),
        `at most ${limit}: ${passed ? 'met' : 'MISSED'}`,
      ),
    ),
  ].join('\n')
}

function line(label: string, shares: string, bisection: string, handOut: string, verdict: string): string {
  const numbers = [shares, bisection, handOut].map((text) => text.padStart(11)).join('')
  return `  ${label.padStart(8)}${numbers}  ${verdict}`.trimEnd()
}
