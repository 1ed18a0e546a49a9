import { migrationCost, sendingOf } from '../cost/migration-cost.ts'
import type { PlanAlternative } from '../plan/step.ts'
import type { PlanReason } from '../reasons/plan.ts'
import type { WeighedPlan } from './best-relief.ts'
import { type Placed, reliefOf } from './placed.ts'
import type { Search } from './search.ts'

/** So many are told. */
const most = 3

/**
 * What was weighed beside the relief that was chosen, and what ruled it out: fewer steps that leave vCPUs waiting longer, or more
 * steps that gain too little. Those that are worse in both are not worth a word. Leaves everything as it was.
 */
export function alternativesTo(search: Search, weighed: readonly WeighedPlan[]): PlanAlternative[] {
  const chosen = reliefOf(search)
  if (chosen.length === 0) return []
  const { delay: reached } = search.figures
  const own = stepsOf(search, chosen)
  putAll(search, chosen, 'home')
  const all = weighed.map(({ placed }): PlanAlternative => {
    putAll(search, placed, 'there')
    const { delay, deviation } = search.figures
    putAll(search, placed, 'home')
    const steps = stepsOf(search, placed)
    const reason: PlanReason = { kind: steps < own ? 'fewer-steps' : 'more-steps', steps, delay }
    return { steps, bytes: bytesOf(search, placed), delay, deviation, reason }
  })
  putAll(search, chosen, 'there')
  const worthAWord = all.filter(({ steps, delay = 1 }, index) => {
    const isSeen = all.findIndex((one) => one.steps === steps && one.delay === delay) < index
    return !isSeen && (steps < own ? delay > reached : steps > own && delay < reached)
  })
  const farFrom = ({ steps }: PlanAlternative) => Math.abs(steps - own)
  return worthAWord
    .sort((a, b) => farFrom(a) - farFrom(b))
    .slice(0, most)
    .sort((a, b) => a.steps - b.steps)
}

/** Puts them in the columns alone: the decisions stay what they are. */
function putAll({ columns, ranking }: Search, placed: readonly Placed[], where: 'home' | 'there'): void {
  for (const { unit, host } of placed) {
    const from = columns.at[unit]!
    const to = where === 'there' ? host : columns.units[unit]!.home
    if (from === to) continue
    columns.put(unit, to)
    ranking.changed(from, to)
  }
}

function stepsOf({ columns }: Search, placed: readonly Placed[]): number {
  return placed.reduce((sum, { unit }) => sum + columns.units[unit]!.guests.length, 0)
}

function bytesOf({ columns }: Search, placed: readonly Placed[]): number {
  let bytes = 0
  for (const { unit, host } of placed) {
    const to = columns.view.hosts[host]!
    for (const guest of columns.units[unit]!.guests)
      bytes += migrationCost(sendingOf(guest, guest.host, to)).bytes
  }
  return bytes
}
