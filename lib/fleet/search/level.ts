import type { Search } from './search.ts'
import { weighed } from './search.ts'

/**
 * A move must take at least this off the sum of both hosts' squared loads: as from 0.6 and 0.4 to 0.5 each; less in proportion
 * where the guest is less than a tenth of its host.
 */
const leastGain = 0.02
const tenth = 0.1
/** A guest that wants a smaller part of its host evens nothing out. */
const leastPart = 0.005

/**
 * Evens out loads: from the most loaded host to the least loaded ones, each time the move that lowers the sum of squares most,
 * until the deviation is tolerated or no move is worth it.
 */
export function level(search: Search, tolerated: number): void {
  const { columns, ranking } = search
  const helpless = new Set<number>()
  while (search.figures.deviation > tolerated) {
    const host = ranking.most(helpless)
    if (host === undefined) return
    const most = columns.delay[host]!
    let best:
      | { readonly unit: number; readonly to: number; readonly gain: number; readonly cost: number }
      | undefined
    for (const unit of search.movable(host, false)) {
      const { demand } = columns.units[unit]!
      if (demand < leastPart * columns.capacity[host]!) continue
      for (const to of ranking.targets(unit, true, weighed)) {
        const gain = gainOf(search, host, to, demand)
        const part = demand / columns.capacity[host]!
        if (gain < leastGain * Math.min(1, part / tenth) || columns.delayWith(to, unit, 1) > most) continue
        const cost = search.costOf(unit, to)
        if (!best || gain > 1.05 * best.gain || (gain > 0.95 * best.gain && cost < best.cost)) {
          best = { unit, to, gain, cost }
        }
      }
    }
    if (!best) {
      helpless.add(host)
      continue
    }
    const { unit, to } = best
    const [from, there] = [columns.load(host), columns.load(to)]
    const { demand } = columns.units[unit]!
    columns.put(unit, to)
    ranking.changed(host, to)
    search.decide(unit, { kind: 'level-load', demand, from, to: there, deviation: search.figures.deviation })
  }
}

/** By how much the sum of squared loads falls. */
function gainOf({ columns }: Search, from: number, to: number, demand: number): number {
  const [a, b] = [columns.load(from), columns.load(to)]
  const [less, more] = [demand / columns.capacity[from]!, demand / columns.capacity[to]!]
  return a * a + b * b - (a - less) ** 2 - (b + more) ** 2
}
