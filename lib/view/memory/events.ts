import { MiB } from '../../util/units.ts'
import type { MemoryEvents } from '../view.ts'
import type { MemoryUse } from './use.ts'

/** Bytes: idle kernels swap out single pages, too. */
export const littleSwap = MiB
/** Major faults a second that are much, in a guest that is short; one with room reads programs from its disk. */
export const manyFaults = 100
/** A guest is short with less left than this, or than this part of its balloon. */
const shortBytes = 64 * MiB
const shortPart = 1 / 8
/** Bytes: with less left, a guest's OOM killer acts. */
const nothing = 16 * MiB
/** The OOM killer frees a whole process: at least this many bytes, and this part of what was in use. */
const lostBytes = 32 * MiB
const lostPart = 0.1

/** What happened between a guest's two last reports, in a balloon of `actual` bytes; undefined when there is only one. */
export function eventsOf(use: MemoryUse, actual: number, deadTime: number): MemoryEvents | undefined {
  const { step, inUse } = use
  if (!step) return undefined
  const seconds = step.milliseconds / 1_000
  const fell = step.usedBefore - inUse
  return {
    swappedOut: step.swappedOut,
    majorFaultsPerSecond: step.majorFaults / seconds,
    underPressure: isUnderPressure(use, actual, deadTime),
    oomKilled:
      step.spareBefore - step.growthBefore * seconds < nothing &&
      fell > Math.max(lostBytes, lostPart * step.usedBefore),
  }
}

/** The same of one of them; false when there is only one report. */
export function isUnderPressure(use: MemoryUse, actual: number, deadTime: number): boolean {
  const { step, inUse, growthPerSecond } = use
  if (!step) return false
  const left = actual - inUse
  const isShort = left < Math.max(shortBytes, actual * shortPart)
  return (
    step.swappedOut > littleSwap ||
    (isShort && step.majorFaults / (step.milliseconds / 1_000) > manyFaults) ||
    (growthPerSecond > 0 && left < (growthPerSecond * deadTime) / 1_000)
  )
}
