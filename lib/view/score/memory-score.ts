import { littleSwap } from '../memory/events.ts'
import type { DomainMemoryView } from '../view.ts'

/** Seconds that a program waits for a page from a disk: between 0.1 ms of an NVMe disk and 10 ms of one that spins. */
const faultTime = 0.001

/**
 * What a guest has of the memory that it uses and wants back, less the part of the time that it waits for pages: 0 to 1, of
 * its last report. NaN while its need is not known, and in its first report.
 */
export function memoryScore({ need, events, actual, swappedIn = 0 }: DomainMemoryView): number {
  if (!need || !events || actual === undefined) return Number.NaN
  if (events.oomKilled) return 0
  const wanted = need.inUse + need.swapDebt
  const space = wanted > actual ? actual / wanted : 1
  // One with memory to spare that faults starts a program.
  const isShort = events.underPressure || swappedIn > littleSwap
  const waits = isShort ? Math.min(1, faultTime * events.majorFaultsPerSecond) : 0
  return space * (1 - waits)
}
