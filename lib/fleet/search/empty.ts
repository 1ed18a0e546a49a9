import { type Search, weighed } from './search.ts'

export interface Filling {
  /** Load up to which a host is filled, and delay that it may have then. */
  readonly fill: number
  readonly delay: number
}

/**
 * Empties as many hosts as can be: the one whose guests are sent fastest first. Each guest, the largest first, goes to the most
 * loaded host that still has room for it and is not empty itself. A host is emptied as a whole or not at all. Gives how many are.
 */
export function emptyHosts(search: Search, filling: Filling): number {
  const { columns } = search
  const inUse = new Set(columns.on.flatMap((units, host) => (units.length > 0 ? [host] : [])))
  const received = new Set<number>()
  const candidates = [...inUse]
    .filter((host) => columns.view.hosts[host]!.hold !== 'maintenance')
    .map((host) => ({ host, duration: durationOf(search, host) }))
    .filter(({ duration }) => Number.isFinite(duration))
    .sort((a, b) => a.duration - b.duration || a.host - b.host)
  let emptied = 0
  for (const { host } of candidates) {
    if (received.has(host)) continue
    const targets = emptyOne(search, host, inUse, filling)
    if (!targets) continue
    emptied++
    inUse.delete(host)
    for (const target of targets) received.add(target)
  }
  return emptied
}

/** Milliseconds that all guests of a host take to be sent, one by one; infinite where one of them may not leave. */
function durationOf(search: Search, host: number): number {
  const { columns } = search
  const units = columns.on[host]!
  if (units.some((unit) => !columns.isMovable(unit))) return Number.POSITIVE_INFINITY
  return units.reduce((sum, unit) => sum + columns.duration(unit, host), 0)
}

/** The hosts that its guests went to; undefined: one of them found no room, and all are back. */
function emptyOne(
  search: Search,
  host: number,
  inUse: ReadonlySet<number>,
  { fill, delay }: Filling,
): ReadonlySet<number> | undefined {
  const { columns } = search
  const targets = new Set<number>()
  columns.leave(host, true)
  const units = columns.on[host]!.toSorted((a, b) => columns.units[b]!.memory - columns.units[a]!.memory)
  for (const unit of units) {
    const { demand } = columns.units[unit]!
    const fits = (target: number) => {
      const load = columns.load(target) + demand / columns.capacity[target]!
      return inUse.has(target) && load <= fill && columns.delayWith(target, unit, 1) <= delay
    }
    const target = search.ranking.fullest(unit, weighed, fits)
    if (target === undefined) {
      for (const moved of units) search.undo(moved)
      columns.leave(host, false)
      return undefined
    }
    targets.add(target)
    const load = columns.load(target) + demand / columns.capacity[target]!
    search.put(unit, target, { kind: 'empty-host', host: columns.view.hosts[host]!.name, load, fill })
  }
  return targets
}
