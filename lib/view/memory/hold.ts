import type { DomainTraits, PinnedMemory } from '../../host/domain-traits.ts'
import { type DomainState, isRunning, MemoryStatus } from '../../host/sample.ts'
import { MiB } from '../../util/units.ts'
import type { MemoryHold } from '../view.ts'
import type { MemoryReport } from './report.ts'

/**
 * Milliseconds. A guest's report older than this is no ground to act on: almost twice the greatest age (5.5 s)
 * that reports have with a statistics period of 5 s, so that one late report is no alarm.
 */
export const staleAfter = 10_000

/** Milliseconds that a report may lie in the future: clocks are read one after the other. */
const clockSlack = 2_000
/**
 * Milliseconds from the first sample of a domain that started, or rebooted, while Ballast was watching until its guest
 * should have reported.
 */
const bootTime = 60_000
/** The same for a guest that was up already and has been given a statistics period. */
const firstReport = 15_000

/** What decides whether a balloon may be changed, beside the report itself. */
export interface Circumstances {
  readonly state: DomainState
  /** Milliseconds since the report; undefined: there is none. */
  readonly age: number | undefined
  /** What keeps its memory on the host; undefined: nothing. */
  readonly pinned: PinnedMemory | undefined
  /** What is known of the domain's devices; undefined: nothing. */
  readonly traits: DomainTraits | undefined
  /** Milliseconds since the domain was first seen, and whether it started while Ballast was watching. */
  readonly watched: number
  readonly isNew: boolean
  /** Milliseconds since it was first seen to have a statistics period; undefined: it has none, or that is not known. */
  readonly asked: number | undefined
  /** Milliseconds since the guest began to boot anew; undefined: it did not, or has reported since. */
  readonly rebooted: number | undefined
  /** Whether the report contradicts itself, the ones before, or the balloon's size. */
  readonly isDoubtful: boolean
}

/** Why a domain's balloon is not to be changed: the first reason that holds. */
export function holdOf(report: MemoryReport, circumstances: Circumstances): MemoryHold | undefined {
  const { state, age, traits, pinned, isDoubtful } = circumstances
  if (!isRunning(state) || report.status === MemoryStatus.gone) return 'not running'
  if (report.status === MemoryStatus.stuck) return 'stuck'
  if (traits?.balloon === 'none') return 'no device'
  if (pinned !== undefined) return 'memory is pinned'
  if (report.status === MemoryStatus.failed) return 'failed'
  // What it told before may look fresh still.
  if (circumstances.rebooted !== undefined && circumstances.rebooted < bootTime) return 'booting'
  // A driver makes one report when it is loaded, before its balloon moves: without a period there is none after it.
  const isPast = age === undefined || isDoubtful || age > staleAfter
  if (isPast && traits && !traits.statsPeriodSeconds) {
    // Where the definition has none, libvirt gives no period.
    return traits.balloon === undefined ? 'no device' : 'no statistics period'
  }
  if (age === undefined) return silence(circumstances)
  const { actual, maximum, unused } = report
  if (actual === undefined || maximum === undefined || unused === undefined) return 'no statistics'
  if (age < -clockSlack || isDoubtful) return 'contradictory statistics'
  return age > staleAfter ? 'stale statistics' : undefined
}

/** Why a guest has never reported. */
function silence({ watched, isNew, asked }: Circumstances): MemoryHold {
  if (isNew && watched < bootTime) return 'booting'
  return asked !== undefined && asked >= firstReport ? 'no driver' : 'no statistics'
}

/** Bytes of its total that any kernel uses itself: less cannot be in use. */
const leastKernel = 4 * MiB

/**
 * Whether figures cannot all be true. The balloon's size is read now and the guest's report is older, so the
 * two are not compared: a balloon on its way down is smaller than what the guest reported a second ago.
 */
export function isContradictory(report: MemoryReport): boolean {
  const { maximum, actual, available, unused, usable, diskCaches } = report
  return (
    hasNoSize(report) ||
    above(unused, available === undefined ? maximum : available - leastKernel) ||
    above(usable, available === undefined ? maximum : available - leastKernel) ||
    above(diskCaches, available ?? maximum) ||
    above(available, maximum) ||
    above(actual, maximum)
  )
}

/** One by one: a loop over names would look each figure up, at each report of each guest. */
function hasNoSize(report: MemoryReport): boolean {
  return (
    isNoSize(report.maximum) ||
    isNoSize(report.actual) ||
    isNoSize(report.available) ||
    isNoSize(report.unused) ||
    isNoSize(report.usable) ||
    isNoSize(report.diskCaches) ||
    isNoSize(report.rss) ||
    isNoSize(report.lastUpdate) ||
    isNoSize(report.swapIn) ||
    isNoSize(report.swapOut) ||
    isNoSize(report.majorFaults)
  )
}

function isNoSize(figure: number | undefined): boolean {
  return figure !== undefined && !(figure >= 0 && Number.isFinite(figure))
}

function above(part: number | undefined, whole: number | undefined): boolean {
  return part !== undefined && whole !== undefined && part > whole
}
