import type { Choice } from './choice.ts'
import { isAlike, type Settled, sameBins, sameVcpus, settledAs, shifted } from './last-round.ts'
import type { Model } from './model.ts'

/** Views for which a placement made by the kernel is remembered. */
const memory = 8

/** The least balanced placement of the last Views, while some vCPUs are free. */
export interface Wandering {
  readonly seen: Settled
  /** Fraction of one pCPU. */
  readonly deviation: number
  /** Views since. */
  readonly views: number
}

/** What to remember of this View, in which some vCPUs are free, after what was remembered before it. */
export function remember(
  model: Model,
  { deviation, isIdle }: Choice,
  before: Wandering | undefined,
): Wandering | undefined {
  if (isIdle) return undefined
  if (before && before.views < memory && deviation < before.deviation && sameBins(model, before.seen)) {
    const items = sameVcpus(model, before.seen)
    if (items && isAlike(model, before.seen, items)) return { ...before, views: before.views + 1 }
  }
  return { seen: settledAs(model, model.start), deviation, views: 0 }
}

/**
 * Whether free vCPUs should be pinned where they are: this placement is as good as any that is worth moves, and within the
 * last Views the kernel had them in a clearly worse one, so it will again.
 */
export function shouldHold(
  model: Model,
  { better, deviation, explanation }: Choice,
  worst: Wandering,
): boolean {
  if (better || worst.views === 0 || worst.deviation - deviation <= explanation.tolerated) return false
  const items = sameVcpus(model, worst.seen)
  return items !== undefined && shifted(model, worst.seen, items).some((item) => model.free[item] === 1)
}
