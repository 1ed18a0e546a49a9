import { isRunning } from '../../host/sample.ts'
import type { View } from '../../view/view.ts'
import { type Level, setsAt } from './bins.ts'

/** Fraction of the time that a vCPU may wait for a pCPU before that proves the need of tighter sets. */
const patientDelay = 0.1

/** The sets that there are on a host, from the widest to the tightest; those that are no tighter are left out. */
export function levelsOf(view: View): Level[] {
  const levels: Level[] = []
  let sets = 1
  for (const level of ['cell', 'cache', 'core'] as const) {
    const here = setsAt(view, level)
    if (here <= sets) continue
    levels.push(level)
    sets = here
  }
  return levels
}

/** Whether some vCPU waits for longer than it should. */
export function isWanting(view: View): boolean {
  return view.vcpus.some(
    ({ domain, delay }) => isRunning(domain.state) && delay !== undefined && delay > patientDelay,
  )
}
