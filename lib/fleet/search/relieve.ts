import type { Columns } from '../model/columns.ts'
import type { StepReason } from '../reasons/step.ts'
import { type Search, weighed } from './search.ts'

/**
 * What a move must at least take off the longer delay of its two hosts: where the capacity is short, so much of the part of the
 * host that is moved; where vCPUs only meet by chance, so many points, since they do elsewhere too.
 */
const leastGain = { ofPart: 0.1, always: 0.001, byChance: 0.01 } as const
/** Moves that gain as much, but for this part of it, are alike: the cheaper one is taken. */
const alike = 0.2
/** Guests of each of the two hosts that are weighed for an exchange: those with the most demand. */
const exchanged = 8
/** Hosts that are weighed for an exchange. */
const exchangedWith = 6

interface Candidate {
  readonly unit: number
  readonly to: number
  /** Goes the other way. */
  readonly other: number | undefined
  /** The longer delay of both hosts afterwards. */
  readonly delay: number
  readonly cost: number
}

/**
 * Takes guests off the hosts whose vCPUs wait longest, the worst first, until none waits longer than `tolerated` or nothing
 * helps it. Each time the move that leaves the shortest delay on its two hosts is made, of such that are alike the
 * cheapest; where no single move helps, two guests change places. `suffers`: whether a host counts.
 */
export function relieve(search: Search, tolerated: number, suffers: (host: number) => boolean): void {
  const helpless = new Set<number>()
  for (;;) {
    const host = worst(search, helpless, tolerated, suffers)
    if (host === undefined) break
    const candidate =
      bestMove(search, host, tolerated, true) ??
      (search.columns.load(host) > 1 ? bestExchange(search, host, tolerated) : undefined) ??
      (search.columns.rules.hasSoft ? bestMove(search, host, tolerated, false) : undefined)
    if (!candidate) {
      helpless.add(host)
      continue
    }
    carryOut(search, host, candidate)
  }
  withoutSuperfluous(search, tolerated)
}

function carryOut(search: Search, host: number, { unit, to, other }: Candidate): void {
  const { columns } = search
  const delay = columns.delay[host]!
  const left = columns.delayWith(host, unit, -1, other)
  const there = columns.delayWith(to, unit, 1, other)
  const why = (moved: number): StepReason => {
    return { kind: 'relieve-delay', demand: columns.units[moved]!.demand, delay, left, there }
  }
  search.put(unit, to, why(unit))
  if (other !== undefined) search.put(other, host, why(other))
}

function worst(
  { columns }: Search,
  helpless: ReadonlySet<number>,
  tolerated: number,
  suffers: (host: number) => boolean,
): number | undefined {
  let found: number | undefined
  let longest = tolerated
  for (let host = 0; host < columns.delay.length; host++) {
    if (columns.delay[host]! <= longest || helpless.has(host) || !suffers(host)) continue
    longest = columns.delay[host]!
    found = host
  }
  return found
}

/** The move off a host that helps most. */
function bestMove(search: Search, host: number, tolerated: number, strict: boolean): Candidate | undefined {
  const { columns, ranking } = search
  const now = columns.delay[host]!
  const candidates: Candidate[] = []
  for (const unit of search.movable(host, false)) {
    const most = now - gainOf(columns, host, columns.units[unit]!.demand)
    const left = columns.delayWith(host, unit, -1)
    if (left > most) continue
    let best: Candidate | undefined
    for (const to of ranking.targets(unit, strict, weighed)) {
      const delay = Math.max(tolerated, left, columns.certainDelay(to), columns.delayWith(to, unit, 1))
      if (delay > most || (best && delay > best.delay)) continue
      const cost = search.costOf(unit, to)
      if (!best || delay < best.delay || cost < best.cost) best = { unit, to, other: undefined, delay, cost }
    }
    if (best) candidates.push(best)
  }
  return cheapestOf(candidates, now)
}

/** The exchange of two guests that helps most. */
function bestExchange(search: Search, host: number, tolerated: number): Candidate | undefined {
  const { columns, ranking } = search
  const now = columns.delay[host]!
  const candidates: Candidate[] = []
  let least = now
  const own = largest(search, host)
  for (const to of ranking.first(exchangedWith)) {
    if (to === host) continue
    for (const other of largest(search, to)) {
      if (!columns.isAllowed(other, host, true)) continue
      for (const unit of own) {
        if (columns.units[unit]!.demand <= columns.units[other]!.demand) continue
        if (!columns.fits(unit, to, other) || !columns.fits(other, host, unit)) continue
        const delay = Math.max(
          tolerated,
          columns.delayWith(host, unit, -1, other),
          columns.delayWith(to, unit, 1, other),
        )
        const demand = columns.units[unit]!.demand - columns.units[other]!.demand
        if (delay > now - gainOf(columns, host, demand) || delay > least + alike * (now - least)) continue
        if (!columns.isAllowed(unit, to, true)) continue
        least = Math.min(least, delay)
        const cost = search.costOf(unit, to) + search.costOf(other, host)
        candidates.push({ unit, to, other, delay, cost })
      }
    }
  }
  return cheapestOf(candidates, now)
}

/** Guests of a host that may be moved, those with the most demand first. */
function largest(search: Search, host: number): number[] {
  const { units } = search.columns
  return search
    .movable(host, false)
    .sort((a, b) => units[b]!.demand - units[a]!.demand)
    .slice(0, exchanged)
}

/** The cheapest of those that help about as much as the one that helps most. */
function cheapestOf(candidates: readonly Candidate[], now: number): Candidate | undefined {
  const least = candidates.reduce((shortest, { delay }) => Math.min(shortest, delay), now)
  let best: Candidate | undefined
  for (const candidate of candidates) {
    if (candidate.delay > least + alike * (now - least)) continue
    if (!best || candidate.cost < best.cost) best = candidate
  }
  return best
}

/** What a move of a guest that wants so much has to gain. */
function gainOf(columns: Columns, host: number, demand: number): number {
  if (columns.load(host) <= 1) return leastGain.byChance
  return Math.max(leastGain.always, (leastGain.ofPart * demand) / columns.capacity[host]!)
}

/** Puts guests back whose moves others made superfluous. */
function withoutSuperfluous(search: Search, tolerated: number): void {
  const { columns } = search
  for (const unit of [...search.decisions.keys()].reverse()) {
    const { home } = columns.units[unit]!
    if (search.decisions.get(unit)!.kind !== 'relieve-delay' || !columns.fits(unit, home)) continue
    if (columns.delayWith(home, unit, 1) <= tolerated && columns.isAllowed(unit, home, true))
      search.undo(unit)
  }
}
