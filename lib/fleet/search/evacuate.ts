import type { PlanProblem } from '../plan/step.ts'
import type { StepReason } from '../reasons/step.ts'
import { type Search, weighed } from './search.ts'
import { calmest } from './shortage.ts'

/** Empties hosts that are draining: each guest, the largest first, goes to where its vCPUs wait least. */
export function evacuate(search: Search): PlanProblem[] {
  const { columns } = search
  const leaving = columns.view.hosts
    .filter(({ hold }) => hold === 'maintenance')
    .flatMap(({ row, name }) => search.movable(row, true).map((unit) => ({ unit, name })))
    .sort((a, b) => columns.units[b.unit]!.memory - columns.units[a.unit]!.memory || a.unit - b.unit)
  return leaving.flatMap(({ unit, name }) => settle(search, unit, { kind: 'leave-host', host: name }))
}

/** Puts a unit that may not stay where it is on the host that suits it best; or says that there is none. */
export function settle(search: Search, unit: number, reason: StepReason): PlanProblem[] {
  const { columns, ranking } = search
  for (const strict of [true, false]) {
    const to = calmest(search, unit, ranking.targets(unit, strict, weighed))
    if (to === undefined) continue
    search.put(unit, to, reason)
    return []
  }
  const { guests, memory } = columns.units[unit]!
  return guests.map(({ uuid, name }) => {
    const hosts = columns.budget.length - 1
    return { guest: uuid, guestName: name, reason: { kind: 'no-target', memory, hosts } }
  })
}
