import { isSameRun, type RunIdentity, runOf } from '../../host/sample.ts'
import { reportSpacing } from '../../view/memory/report.ts'
import { negligible } from '../../view/memory/sizes.ts'
import type { DomainView } from '../../view/view.ts'

/** Reports that are remembered of each guest: a guest counts as quiet when that many call for no more. */
export const remembered = 6

/** One report that a guest made, in bytes. */
interface Report {
  /** Monotonic milliseconds when it was made. */
  readonly time: number
  /** What the guest's kernel and programs use, page cache and what has just been swapped out included. */
  readonly used: number
}

/** What is remembered of one run of a guest. Plain data. */
export interface GuestHistory extends RunIdentity {
  /** The last ones, oldest first. */
  readonly reports: readonly Report[]
  /**
   * Bytes per millisecond by which its use rose above all of the reports before, in the last one; 0: it did not, or not
   * by much.
   */
  readonly growth: number
  /** Bytes of the balloon's size that the guest does not see as its total: its kernel keeps them. */
  readonly reserved: number
  /** The balloon's size, and since when it has it. */
  readonly actual: number
  readonly stableSince: number
}

/**
 * What is remembered after this View, given what was remembered before it; undefined when the guest is on
 * hold or reports too little. `noise` is how many bytes use may rise between two reports without that being
 * called growth.
 */
export function remember(
  domain: DomainView,
  time: number,
  noise: number,
  before: GuestHistory | undefined,
): GuestHistory | undefined {
  const { hold, age, actual, available, unused, swappedOut = 0 } = domain.memory
  if (hold !== undefined || age === undefined || actual === undefined || unused === undefined)
    return undefined

  const known = before && isSameRun(before, domain) ? before : undefined
  const stable = known && Math.abs(known.actual - actual) < negligible
  const stableSince = stable ? known.stableSince : time
  const reportTime = time - age
  // Balloon size and report are of different times: they can be compared only when nothing moved between.
  const comparable = !known || reportTime >= stableSince
  if (available === undefined && !comparable) return { ...known, actual, stableSince }

  const total = available ?? actual
  const reserved = comparable ? Math.max(0, actual - total) : known.reserved
  const last = known?.reports.at(-1)
  if (last && reportTime < last.time + reportSpacing) return { ...known!, reserved, actual, stableSince }

  const used = total - unused + swappedOut
  const rise = known ? used - Math.max(...known.reports.map((report) => report.used)) : 0
  return {
    ...runOf(domain),
    reports: [...(known?.reports ?? []), { time: reportTime, used }].slice(-remembered),
    growth: last && rise > noise ? rise / (reportTime - last.time) : 0,
    reserved,
    actual,
    stableSince,
  }
}
