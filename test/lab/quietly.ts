import { onTestFailed } from 'vitest'
import type { CaseOptions } from './cases/case.ts'

/** Milliseconds for a case: the longest takes five minutes when it fails, and is run three times where the machine is disturbed. */
export const patience = 1_200_000

/** Options of a case whose ticks are printed only when the test fails; that it is run again is printed at once. */
export function quietly(way: Partial<CaseOptions> = {}): CaseOptions {
  const lines: string[] = []
  onTestFailed(() => console.error(lines.join('\n')))
  const log = (line: string) => {
    lines.push(line)
    if (line.startsWith('disturbed')) console.warn(line)
  }
  return { system: false, off: false, ...way, log }
}
