import type { StepReason } from '../reasons/step.ts'
import { type Search, weighed } from './search.ts'

/**
 * Takes guests off hosts whose guests need more memory than there is to give, the cheapest that suffice: one alone where one
 * is enough, else those that free most for what they cost, without any that is not needed in the end.
 */
export function mendShortages(search: Search): void {
  const { columns } = search
  for (let host = 0; host < columns.budget.length; host++) {
    const lack = columns.shortage(host)
    if (lack <= 0) continue
    const reason = (unit: number): StepReason => {
      return { kind: 'relieve-memory', memory: columns.units[unit]!.wants, lack }
    }
    const moved: number[] = []
    while (columns.shortage(host) > 0) {
      const next = cheapest(search, host)
      if (!next) break
      search.put(next.unit, next.to, reason(next.unit))
      moved.push(next.unit)
    }
    for (const unit of moved) {
      if (columns.shortage(host) + columns.units[unit]!.wants <= 0 || hasRoom(search, unit, host))
        search.undo(unit)
    }
  }
}

/** Whether a unit that was moved off could have stayed. */
function hasRoom({ columns }: Search, unit: number, host: number): boolean {
  return columns.wants[host]! + columns.units[unit]!.wants <= columns.budget[host]!
}

/** Of the guests that mend it alone the cheapest, or the one that frees most for its cost; where it serves its vCPUs best. */
function cheapest(search: Search, host: number): { readonly unit: number; readonly to: number } | undefined {
  const { columns, ranking } = search
  const lack = columns.shortage(host)
  let best:
    | { readonly unit: number; readonly to: number; readonly price: number; readonly suffices: boolean }
    | undefined
  for (const strict of [true, false]) {
    for (const unit of search.movable(host, true)) {
      const suffices = columns.units[unit]!.wants >= lack
      if (best?.suffices && !suffices) continue
      const to = calmest(search, unit, ranking.targets(unit, strict, weighed))
      if (to === undefined) continue
      const cost = search.costOf(unit, to)
      const price = suffices ? cost : cost / Math.max(1, columns.units[unit]!.wants)
      if (best && best.suffices === suffices && price >= best.price) continue
      best = { unit, to, price, suffices }
    }
    if (best) return best
  }
  return undefined
}

/** The host on which the vCPUs wait least once the unit is there, the least loaded of equals. */
export function calmest({ columns }: Search, unit: number, targets: readonly number[]): number | undefined {
  let best: number | undefined
  let shortest = Number.POSITIVE_INFINITY
  for (const host of targets) {
    const delay = columns.delayWith(host, unit, 1)
    if (delay >= shortest) continue
    best = host
    shortest = delay
  }
  return best
}
