import type { LoopDelay } from './loop-delay.ts'
import type { PassName } from './passes.ts'
import type { Spread } from './spread.ts'

/** What was measured on one host in one state. */
export interface Round {
  readonly round: 'idle' | 'busy'
  /** Domains in all, and how many of them spin. */
  readonly domains: number
  readonly spinning: number
  /** Milliseconds. */
  readonly ms: Readonly<Record<PassName, Spread>>
  /** While full samples are taken, one after the other. */
  readonly loopDelay: LoopDelay
  /** While nothing is done: what the machine itself does to a timer, for comparison alone. */
  readonly loopDelayAtRest: LoopDelay
}

/** A median of ours, divided by one of raw C. */
export interface Ratio {
  readonly ours: PassName
  readonly against: PassName
  readonly limit: number
}

/** The most that each may be, on the idle host and on the busy one. */
export const ratioLimits: readonly Ratio[] = [
  { ours: 'cpuProc', against: 'rawVcpu', limit: 0.05 },
  { ours: 'cpuLibvirt', against: 'rawVcpu', limit: 0.5 },
  { ours: 'full', against: 'rawFull', limit: 0.8 },
]
/** Milliseconds that the JS thread may be held for, p99, on the idle host. */
export const loopDelayLimit = 5

/** One limit, and how it went. */
export interface Check {
  readonly round: Round['round']
  readonly what: PassName | 'loopDelay'
  readonly value: number
  readonly limit: number
  readonly passed: boolean
}

/** What a median of ours is to the median of raw C that it is held against. */
export function ratioOf({ ours, against }: Ratio, { ms }: Round): number {
  return ms[ours].median / ms[against].median
}

/** Holds a round against every limit that applies to it. */
export function judge(round: Round): Check[] {
  const check = (what: Check['what'], value: number, limit: number): Check => ({
    round: round.round,
    what,
    value,
    limit,
    passed: value <= limit,
  })
  return [
    ...ratioLimits.map((ratio) => check(ratio.ours, ratioOf(ratio, round), ratio.limit)),
    ...(round.round === 'idle' ? [check('loopDelay', round.loopDelay.p99, loopDelayLimit)] : []),
  ]
}
