import type { Stage } from '../../test/lab/cases/case.ts'
import type { Guest } from '../../test/lab/guest.ts'
import { findProgram, missing, startProgram } from './program.ts'

/** Why numad cannot be had here. */
export function numadUnavailable(): string | undefined {
  return missing('numad')
}

/** numad on these guests alone, looking every 2 to 5 s. It places whole processes on NUMA nodes, of which a small host has one. */
export function numad({ lab }: Stage, guests: readonly Guest[]): Promise<AsyncDisposable> {
  const only = guests.flatMap(({ pid }) => ['-p', `${pid}`])
  return startProgram(
    [findProgram('numad')!, '-d', '-i', '2:5', '-S', '0', ...only],
    `${lab.directory}/numad.log`,
  )
}
