import { isSameRun, type RunIdentity, runOf } from '../../host/sample.ts'
import { backoff } from '../../util/backoff.ts'
import { reportSpacing } from '../../view/memory/report.ts'
import { negligible } from '../../view/memory/sizes.ts'
import type { DomainView, MemoryNeed } from '../../view/view.ts'

/** Reports that are remembered of each guest: one is quiet when that many call for no more. */
export const remembered = 6

/** Milliseconds after a shrink in which harm counts as its doing. */
const hurtsWithin = 30_000
/** Milliseconds until half of what was taken wrongly may be taken again; twice as long each time that it hurts again. */
const halfLife = 180_000
const mostGrowth = 64
/** With less than this part of what it used then, what a guest needed is no sign of what it needs. */
const letGo = 0.5
/** Milliseconds until a balloon that refused is asked again. */
const refusalPauses = { first: 20_000, longest: 20_000 * 2 ** 9 }
const mostRefusals = 10

/** Seconds from a report until memory arrives, at most, and as much again for growth that began between two reports. */
const longestWay = 30

/** What one report of a guest says that it needs: where each figure stands among those of the report. Bytes. */
export const figure = {
  /** Monotonic milliseconds when it was made. */
  time: 0,
  inUse: 1,
  /** In use, and still swapped out. */
  used: 2,
  /** That, and what it is about to take while it grows. */
  expected: 3,
  /** Page cache that it could drop. */
  cache: 4,
} as const
type Figure = (typeof figure)[keyof typeof figure]
const figuresPerReport = 5

/** What is remembered of one run of a guest. Plain data; bytes and monotonic milliseconds. */
export interface GuestRecord extends RunIdentity {
  /** The size that it came with. */
  readonly original: number
  /** The most that it was ever expected to take soon, or to want back from its swap. */
  readonly reserve: number
  /**
   * The last ones, oldest first, each with its {@link figure}s in a row; never empty. No objects: all of them are gone
   * through in every tick.
   */
  readonly reports: readonly number[]
  /** Reports in a row in which it was under pressure. */
  readonly suffered: number
  /** The last time that it was asked for memory: its size until then, and the size that it was asked to have. */
  readonly shrunk: { readonly time: number; readonly from: number; readonly to: number } | undefined
  /** The size that it turned out to need, what it used when that was learned, when, and how many times. */
  readonly raised:
    | { readonly time: number; readonly bytes: number; readonly used: number; readonly times: number }
    | undefined
  /** How many times in a row its balloon refused. */
  readonly refusals: number
  /** When it may be asked again. */
  readonly patientUntil: number
  /** Since when it could have been given a reserve for bursts. */
  readonly roomySince: number | undefined
  /** Whether it was near the size that it is to have. */
  readonly isResting: boolean
}

/** What is remembered after this View; undefined when the guest is on hold or reports too little to be judged. */
export function remember(
  domain: DomainView,
  time: number,
  before: GuestRecord | undefined,
): GuestRecord | undefined {
  const { hold, need, age, actual, target, maximum } = domain.memory
  if (hold !== undefined || !need || age === undefined || actual === undefined || maximum === undefined) {
    return undefined
  }
  const known = before && isSameRun(before, domain) ? before : nothing(domain, target ?? actual)
  const reportTime = time - age
  const isNew = countOf(known) === 0 || reportTime >= lastOf(known, figure.time) + reportSpacing
  const noted = isNew ? noteReport(known, domain, need, reportTime, time) : known
  return noteProgress(noted, domain, actual, time)
}

/** How many reports are remembered. */
export function countOf({ reports }: GuestRecord): number {
  return reports.length / figuresPerReport
}

/** What the last report had of something. */
export function lastOf({ reports }: GuestRecord, what: Figure): number {
  return reports[reports.length - figuresPerReport + what]!
}

/** The most that the last `count` reports had of something. */
export function peak({ reports }: GuestRecord, what: Figure, count: number): number {
  let most = Number.NEGATIVE_INFINITY
  const first = Math.max(0, reports.length - count * figuresPerReport)
  for (let i = first + what; i < reports.length; i += figuresPerReport) most = Math.max(most, reports[i]!)
  return most
}

/** Bytes that one which grows may take before it can be given more: what it once took at another speed is no sign of that. */
export function soon({ burst, growthPerSecond }: Pick<MemoryNeed, 'burst' | 'growthPerSecond'>): number {
  return Math.min(burst, growthPerSecond * longestWay)
}

/** The size that it is not to be taken below because that hurt it before: fades away towards `need`. */
export function raisedSize({ raised }: GuestRecord, need: number, time: number): number {
  if (!raised || raised.bytes <= need) return need
  const halves =
    (time - raised.time) / backoff(raised.times, { first: halfLife, longest: mostGrowth * halfLife })
  return need + (raised.bytes - need) * 0.5 ** halves
}

function nothing(run: RunIdentity, original: number): GuestRecord {
  return {
    ...runOf(run),
    original,
    reserve: 0,
    reports: [],
    suffered: 0,
    shrunk: undefined,
    raised: undefined,
    refusals: 0,
    patientUntil: Number.NEGATIVE_INFINITY,
    roomySince: undefined,
    isResting: false,
  }
}

function noteReport(
  record: GuestRecord,
  { memory: { usable, unused = 0, events, actual = 0, target = actual } }: DomainView,
  { inUse, swapDebt, burst, growthPerSecond }: MemoryNeed,
  reportTime: number,
  time: number,
): GuestRecord {
  const cache = Math.max(0, (usable ?? unused) - unused)
  const used = inUse + swapDebt
  const expected = used + soon({ burst, growthPerSecond })
  const { id, run, original, shrunk, raised, refusals, patientUntil, roomySince, isResting } = record
  const isHurt = events !== undefined && (events.underPressure || events.swappedOut > 0 || events.oomKilled)
  const hurts = isHurt && shrunk !== undefined && time - shrunk.time < hurtsWithin
  const lost = events?.oomKilled ? Math.max(actual, target) : 0
  const bytes = Math.max(hurts ? shrunk.from : 0, lost)
  const reports = withRoom(record.reports)
  const last = reports.length - figuresPerReport
  reports[last + figure.time] = reportTime
  reports[last + figure.inUse] = inUse
  reports[last + figure.used] = used
  reports[last + figure.expected] = expected
  reports[last + figure.cache] = cache
  const hasLetGo = raised !== undefined && mostUsed(reports) < letGo * raised.used
  // Every field by name: a spread of all of them is several times as slow, and there is one for each report.
  return {
    id,
    run,
    original,
    reserve: Math.max(record.reserve, swapDebt + burst),
    reports,
    suffered: events?.underPressure ? record.suffered + 1 : 0,
    // What a shrink did is learned once.
    shrunk: hurts ? undefined : shrunk,
    raised:
      bytes > 0 ? { time, bytes, used, times: (raised?.times ?? 0) + 1 } : hasLetGo ? undefined : raised,
    refusals,
    patientUntil,
    roomySince,
    isResting,
  }
}

/** These reports, without the oldest where there are enough, and room for one more. */
function withRoom(reports: readonly number[]): number[] {
  if (reports.length < remembered * figuresPerReport) return [...reports, 0, 0, 0, 0, 0]
  // Copied whole and moved: one that grows takes twice the memory, and there is one for each report.
  const moved = reports.slice()
  for (let i = figuresPerReport; i < moved.length; i++) moved[i - figuresPerReport] = moved[i]!
  return moved
}

function mostUsed(reports: readonly number[]): number {
  let most = Number.NEGATIVE_INFINITY
  for (let i = figure.used; i < reports.length; i += figuresPerReport) most = Math.max(most, reports[i]!)
  return most
}

function noteProgress(
  record: GuestRecord,
  { memory: { target, progress } }: DomainView,
  actual: number,
  time: number,
): GuestRecord {
  if (progress === 'refusing' && target !== undefined && target < actual) {
    if (time < record.patientUntil) return record
    const refusals = Math.min(mostRefusals, record.refusals + 1)
    return { ...record, refusals, patientUntil: time + backoff(refusals, refusalPauses) }
  }
  const obeyed = record.shrunk !== undefined && actual <= record.shrunk.to + negligible
  return obeyed && record.refusals > 0 ? { ...record, refusals: 0 } : record
}
