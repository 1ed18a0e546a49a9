import type { PlanProblem } from '../plan/step.ts'
import type { StepReason } from '../reasons/step.ts'
import { settle } from './evacuate.ts'
import type { Search } from './search.ts'

/**
 * Moves guests that are where hard rules do not let them be: on hosts that they are not pinned to, beside guests that they are to
 * be apart from, or away from those that they are to be together with. Where none of them has room unless others leave first,
 * they change places.
 */
export function keepRules(search: Search): PlanProblem[] {
  const gathered = gather(search)
  const { columns } = search
  const displaced = new Map<number, string>()
  for (const [unit, { guests }] of columns.units.entries()) {
    const broken = guests.flatMap(({ row }) => columns.rules.pinAgainst(row, columns.at[unit]!) ?? [])
    if (broken.length > 0) displaced.set(unit, broken[0]!)
  }
  for (const [unit, rule] of tooClose(search)) displaced.set(unit, rule)
  const waiting: number[] = []
  for (const [unit, rule] of displaced) {
    if (!columns.isMovable(unit, true)) continue
    if (settle(search, unit, { kind: 'keep-rule', rule }).length > 0) waiting.push(unit)
  }
  return [...gathered, ...exchange(search, waiting, displaced)]
}

/** Of guests that are to be apart and are on one host, all but the one that costs most to move; with the rule. */
function tooClose({ columns }: Search): [unit: number, rule: string][] {
  return columns.rules.apart.flatMap(({ rule, isHard, guests }) => {
    if (!isHard) return []
    const byHost = new Map<number, number[]>()
    for (const [unit, one] of columns.units.entries()) {
      if (!one.guests.some(({ row }) => guests.has(row))) continue
      const host = columns.at[unit]!
      byHost.set(host, [...(byHost.get(host) ?? []), unit])
    }
    return [...byHost.values()].flatMap((units): [number, string][] => {
      const cost = (unit: number) => (columns.isMovable(unit, true) ? columns.units[unit]!.memory : Infinity)
      return units
        .toSorted((a, b) => cost(b) - cost(a))
        .slice(1)
        .map((unit) => [unit, rule])
    })
  })
}

/** Brings together what a hard rule keeps together and is on several hosts: where most of its memory is already, if it has room. */
function gather(search: Search): PlanProblem[] {
  const { columns } = search
  return columns.rules.together.flatMap(({ rule, isHard, guests }) => {
    const units = columns.units.flatMap((unit, index) =>
      unit.guests.some(({ row }) => guests.has(row)) ? [index] : [],
    )
    const hosts = [...new Set(units.map((unit) => columns.at[unit]!))]
    if (!isHard || hosts.length < 2) return []
    const heldOn = (host: number) => {
      return units.reduce(
        (sum, unit) => sum + (columns.at[unit] === host ? columns.units[unit]!.memory : 0),
        0,
      )
    }
    const place = hosts
      .toSorted((a, b) => heldOn(b) - heldOn(a))
      .find((host) => takesAll(search, units, host, rule))
    if (place !== undefined) return []
    const memory = units.reduce((sum, unit) => sum + columns.units[unit]!.memory, 0)
    return [{ reason: { kind: 'not-gathered', rule, memory } }]
  })
}

/** Puts all of them on one host, or none. */
function takesAll(search: Search, units: readonly number[], host: number, rule: string): boolean {
  const { columns } = search
  const others = units.filter((unit) => columns.at[unit] !== host)
  for (const unit of others) {
    if (columns.isMovable(unit, true) && columns.isAllowed(unit, host, false) && columns.fits(unit, host)) {
      search.put(unit, host, { kind: 'keep-rule', rule })
      continue
    }
    for (const moved of others) search.undo(moved)
    return false
  }
  return true
}

/** Puts units on hosts that have no room for them yet: those stay there that find some once the others have left. */
function exchange(
  search: Search,
  units: readonly number[],
  rules: ReadonlyMap<number, string>,
): PlanProblem[] {
  const { columns } = search
  const free = (host: number) => columns.budget[host]! - columns.committed[host]!
  for (const unit of units) {
    const targets = [...columns.budget.keys()].filter((host) => columns.isAllowed(unit, host, false))
    const [best] = targets.sort((a, b) => free(b) - free(a))
    const reason: StepReason = { kind: 'keep-rule', rule: rules.get(unit)! }
    if (best !== undefined) search.put(unit, best, reason)
  }
  for (const unit of units) if (columns.isOverfilled(columns.at[unit]!)) search.undo(unit)
  return units.flatMap((unit) => {
    const { guests, home, memory } = columns.units[unit]!
    if (columns.at[unit] !== home) return []
    const hosts = columns.budget.length - 1
    return guests.map(({ uuid, name }) => ({
      guest: uuid,
      guestName: name,
      reason: { kind: 'no-target', memory, hosts },
    }))
  })
}
