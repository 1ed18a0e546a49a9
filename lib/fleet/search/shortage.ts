import { followingTime } from '../cost/following-time.ts'
import type { StepReason } from '../reasons/step.ts'
import { type Search, weighed } from './search.ts'

/**
 * Takes guests off hosts whose guests need more memory than there is to give, the cheapest that suffice: one alone where one
 * is enough, else those that mend most in their time, without any that is not needed in the end.
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

/** Of the guests that mend it alone the cheapest, or the one that mends most in its time; where it serves its vCPUs best. */
function cheapest(search: Search, host: number): { readonly unit: number; readonly to: number } | undefined {
  const { columns, ranking } = search
  const lack = columns.shortage(host)
  // One follows the other where several have to leave: that takes longer than most migrations.
  const following = followingTime(columns.view.hosts[host]!)
  let best:
    | { readonly unit: number; readonly to: number; readonly price: number; readonly suffices: boolean }
    | undefined
  for (const strict of [true, false]) {
    for (const unit of search.movable(host, true)) {
      const suffices = columns.units[unit]!.wants >= lack
      if (best?.suffices && !suffices) continue
      const to = calmest(search, unit, ranking.targets(unit, strict, weighed))
      if (to === undefined) continue
      const price = search.costOf(unit, to, suffices ? 0 : following) / mendedBy(search, unit, host)
      if (best && best.suffices === suffices && price >= best.price) continue
      best = { unit, to, price, suffices }
    }
    if (best) return best
  }
  return undefined
}

/**
 * What a host is better off without a unit: the part of its shortage that goes with it, and where more CPU is wanted than there
 * is the part of that. So of the guests that leave for memory, most would have to leave for their vCPUs too.
 */
function mendedBy({ columns }: Search, unit: number, host: number): number {
  const { wants, demand } = columns.units[unit]!
  const overload = columns.demand[host]! - columns.capacity[host]!
  const memory = Math.min(1, wants / columns.shortage(host))
  return memory + (overload > 0 ? Math.min(1, demand / overload) : 0)
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
