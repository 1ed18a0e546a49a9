import type { StepReason } from '../reasons/step.ts'
import { type Search, weighed } from './search.ts'

/** What a move must at least take off the longer delay of its two hosts; less where the guest is a small part of its host. */
const leastGain = { usual: 0.01, ofPart: 0.1, always: 0.001 } as const
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
    if (host === undefined) return
    const candidate =
      bestMove(search, host, tolerated, true) ??
      bestExchange(search, host, tolerated) ??
      bestMove(search, host, tolerated, false)
    if (!candidate) {
      helpless.add(host)
      continue
    }
    carryOut(search, host, candidate)
  }
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
  let best: Candidate | undefined
  for (const unit of search.movable(host, false)) {
    const most = now - gainOf(columns.units[unit]!.demand / columns.capacity[host]!)
    const left = columns.delayWith(host, unit, -1)
    if (left > most) continue
    for (const to of ranking.targets(unit, strict, weighed)) {
      const delay = Math.max(tolerated, left, columns.delayWith(to, unit, 1))
      if (delay <= most)
        best = better(now, best, { unit, to, other: undefined, delay, cost: search.costOf(unit, to) })
    }
  }
  return best
}

/** The exchange of two guests that helps most. */
function bestExchange(search: Search, host: number, tolerated: number): Candidate | undefined {
  const { columns, ranking } = search
  const now = columns.delay[host]!
  let best: Candidate | undefined
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
        const part = (columns.units[unit]!.demand - columns.units[other]!.demand) / columns.capacity[host]!
        if (delay > now - gainOf(part) || (best && delay > best.delay)) continue
        if (!columns.isAllowed(unit, to, true)) continue
        best = better(now, best, {
          unit,
          to,
          other,
          delay,
          cost: search.costOf(unit, to) + search.costOf(other, host),
        })
      }
    }
  }
  return best
}

/** Guests of a host that may be moved, those with the most demand first. */
function largest(search: Search, host: number): number[] {
  const { units } = search.columns
  return search
    .movable(host, false)
    .sort((a, b) => units[b]!.demand - units[a]!.demand)
    .slice(0, exchanged)
}

function better(now: number, best: Candidate | undefined, other: Candidate): Candidate {
  if (!best) return other
  const slack = alike * (now - Math.min(best.delay, other.delay))
  if (other.delay < best.delay - slack) return other
  return other.delay <= best.delay + slack && other.cost < best.cost ? other : best
}

/** What a move of a guest that is this part of its host has to gain. */
function gainOf(part: number): number {
  return Math.max(leastGain.always, Math.min(leastGain.usual, leastGain.ofPart * part))
}
