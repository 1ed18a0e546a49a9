import { readFileSync } from 'node:fs'

/** Part of the time that may be missing before what was measured in it says nothing. */
export const mostStolen = 0.02

/**
 * A watch for time in which this machine did not run at all: where it is a virtual machine itself, its host may have had it
 * stopped, without telling it. The scheduler's clock stands still then and CLOCK_MONOTONIC does not. What is given says which
 * part of the time since then was stolen.
 */
export function watchForTheft(): () => number {
  const [scheduled, passed] = [schedulerClock(), performance.now()]
  return () => 1 - (schedulerClock() - scheduled) / (performance.now() - passed)
}

/** Milliseconds on the scheduler's clock: when this process was last put on a CPU, which was just now, since it reads this. */
function schedulerClock(): number {
  const text = readFileSync('/proc/self/sched', 'utf8')
  return Number(/^se\.exec_start\s*:\s*([\d.]+)$/m.exec(text)?.[1])
}
