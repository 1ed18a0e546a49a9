import type { GuestFigures } from '../../recording/period/guest-period.ts'
import type { Minute } from '../../recording/period/minutes.ts'
import type { Period } from '../../recording/period/period.ts'

/** Points below which a guest lacks something that people notice. */
export const lackBelow = 90
/** Minutes that are named. */
const worstMinutes = 10

/**
 * The figures of a period, for people and programs. Fractions, bytes, points and milliseconds. NaN, `null` in JSON: not
 * known.
 */
export interface PeriodSummary {
  /** URI of the host. */
  readonly host: string
  /** Milliseconds since the epoch. */
  readonly begin: number
  readonly end: number
  readonly ticks: number
  readonly minutes: number
  /** Minutes in which some score was below {@link lackBelow}. */
  readonly minutesBelow: number
  readonly busy: Figure
  readonly deviation: Figure
  readonly longestDelay: Figure
  readonly lowestCpuScore: Figure
  readonly lowestMemoryScore: Figure
  readonly memoryTotal: Figure
  readonly memoryGiven: Figure
  readonly memoryUsed: Figure
  readonly memoryAvailable: Figure
  readonly changes: {
    readonly pins: number
    readonly sizes: number
    readonly shares: number
    readonly undone: number
    readonly failed: number
  }
  readonly errors: number
  readonly worst: readonly Minute[]
  /** Those with the lowest scores first. */
  readonly guests: readonly GuestFigures[]
  /** What the recordings lack. */
  readonly problems: readonly string[]
}

/** What something was over a period. NaN: not known. */
export interface Figure {
  readonly mean: number
  readonly least: number
  readonly most: number
}

export function summaryOf(period: Period, host: string, problems: readonly string[]): PeriodSummary {
  const { changes } = period
  const count = (is: (change: (typeof changes)[number]) => boolean) => changes.filter(is).length
  const kind = (name: string) => count(({ outcome }) => outcome.action.kind === name)
  return {
    host,
    begin: period.begin,
    end: period.end,
    ticks: period.ticks,
    minutes: period.minutes.count,
    minutesBelow: period.minutes.below(lackBelow),
    busy: period.busy.total(),
    deviation: period.deviation.total(),
    longestDelay: period.longestDelay.total(),
    lowestCpuScore: period.lowestCpu.total(),
    lowestMemoryScore: period.lowestMemory.total(),
    memoryTotal: period.total.total(),
    memoryGiven: period.given.total(),
    memoryUsed: period.used.total(),
    memoryAvailable: period.available.total(),
    changes: {
      pins: kind('pin'),
      sizes: kind('setMemory'),
      shares: kind('setShares'),
      undone: count(({ isRollback }) => isRollback),
      failed: count(({ outcome }) => outcome.status === 'failed'),
    },
    errors: period.errors,
    worst: period.minutes.worst(worstMinutes),
    guests: Array.from(period.guests.values(), (guest) => guest.figures()).sort(
      (a, b) => worstOf(a) - worstOf(b) || (a.name < b.name ? -1 : 1),
    ),
    problems,
  }
}

/** The lower of the mean scores; those that are not known come last. */
function worstOf({ cpuScore, memoryScore }: GuestFigures): number {
  return Math.min(...[cpuScore, memoryScore].filter((points) => !Number.isNaN(points)), 101)
}
