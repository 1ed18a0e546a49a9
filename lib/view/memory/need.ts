import type { MemoryNeed } from '../view.ts'
import type { MemoryUse } from './use.ts'

/** Milliseconds that a balloon takes to give a guest what it grows by. */
const balloonTravel = 1_000
/** Milliseconds between decisions while nothing was measured. */
const usualInterval = 2_000

/**
 * Milliseconds from a report until a decision of the next tick has an effect: the report's age, an interval,
 * and the way of the balloon.
 */
export function deadTimeOf(age: number, interval: number | undefined): number {
  return Math.max(0, age) + (interval ?? usualInterval) + balloonTravel
}

/** What a guest needs, when decisions take `deadTime` milliseconds to have an effect. */
export function needOf(use: MemoryUse, deadTime: number): MemoryNeed {
  const { inUse, swapDebt, growthPerSecond } = use
  const burst = use.burst(deadTime)
  return { inUse, swapDebt, burst, total: inUse + swapDebt + burst, growthPerSecond }
}
