import { monitorEventLoopDelay, performance } from 'node:perf_hooks'

/** How long the JS thread was held while something was done again and again, in milliseconds. */
export interface LoopDelay {
  /** From one coming of a 1 ms timer to the next. */
  readonly p99: number
  readonly most: number
  /** Times that the timer came. */
  readonly checks: number
  /** Mean of what the thread was busy with anything for each time that the work was done. */
  readonly busyPerWork: number
}

/**
 * Repeats `work` until there were so many checks, and tells how long it held the JS thread.
 *
 * `monitorEventLoopDelay` records the time from one timer to the next, the millisecond that it sleeps in
 * between included. Nothing is subtracted: the thread was held for at most what this says.
 */
export async function loopDelayDuring(checks: number, work: () => Promise<unknown>): Promise<LoopDelay> {
  const histogram = monitorEventLoopDelay({ resolution: 1 })
  const before = performance.eventLoopUtilization()
  histogram.enable()
  let times = 0
  for (; histogram.count < checks; times++) await work()
  histogram.disable()
  const { active } = performance.eventLoopUtilization(before)
  return {
    p99: histogram.percentile(99) / 1e6,
    most: histogram.max / 1e6,
    checks: histogram.count,
    busyPerWork: active / times,
  }
}
