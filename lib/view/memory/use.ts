import { MiB } from '../../util/units.ts'
import { increase, type MemoryReport, reportSpacing } from './report.ts'

/** Bytes: rises of use up to this, or to this part of a larger guest's memory, are noise and no growth. */
const noiseBytes = 16 * MiB
const noisePart = 1 / 256
/**
 * Bytes of a balloon's pages that may seem used when the guest gets them back: its kernel keeps pages at hand for each CPU and
 * counts those as free only later. 45 MiB were seen of a guest that was given 91 MiB.
 */
const mostAtHand = 64 * MiB
/** Milliseconds in which half of a learned reserve, and of a swap debt, is forgotten. */
const burstHalfLife = 60_000
const debtHalfLife = 180_000
/** Milliseconds for which reports are remembered, and how many at most. */
const memory = 30_000
const mostReports = 32
/** Growth that has just begun began somewhere between two reports: half-way, as likely as not. */
const onset = 2
/** The speed of growth is at most this many times that of the last report: a jump that is over is no growth. */
const lastCounts = 4

/** What happened between the two last reports, in bytes. Changed in place: there is one for each report of each guest. */
export interface Step {
  milliseconds: number
  swappedOut: number
  majorFaults: number
  /** Use at the report before, and the speed at which it rose then. */
  usedBefore: number
  spareBefore: number
  growthBefore: number
}

/** One guest's use of memory from report to report: what it uses, how fast that grows, what it has swapped out. */
export class MemoryUse {
  #inUse: number
  #time: number
  /** The last report; a counter that it lacks is as it was. */
  #report: MemoryReport
  /** What went out to swap and did not come back since the first report. */
  #swapped = 0
  #swapDebt: number
  #growth = 0
  /** When it was last seen to grow. */
  #grewAt = Number.NEGATIVE_INFINITY
  /** Whether it grows now and has not done so for a dead time: one report that noise hid growth in ends none. */
  #isOnset = false
  #learned = 0
  readonly #step: Step = {
    milliseconds: 0,
    swappedOut: 0,
    majorFaults: 0,
    usedBefore: 0,
    spareBefore: 0,
    growthBefore: 0,
  }
  #isFirst = true
  readonly #noise: number
  readonly #history = new UseHistory()

  /** Begins with the first report, made at `time` (monotonic milliseconds), when `inUse` bytes were in use. */
  constructor(inUse: number, report: MemoryReport, time: number) {
    const { usable = report.unused ?? 0, available = 0, swapIn = 0, swapOut = 0 } = report
    this.#inUse = inUse
    this.#report = report
    this.#noise = Math.max(noiseBytes, available * noisePart)
    // What it swapped out before the first report is no reason to grow it, but one to leave it memory for that.
    this.#swapDebt = Math.max(0, Math.min(swapOut - swapIn, usable))
    this.#time = time
    this.#history.push(time, inUse)
  }

  get inUse(): number {
    return this.#inUse
  }

  get swapDebt(): number {
    return this.#swapDebt
  }

  /** Bytes per second by which use rises now; 0: it does not. */
  get growthPerSecond(): number {
    return this.#growth
  }

  /** As of the last report; undefined after the first. */
  get step(): Readonly<Step> | undefined {
    return this.#isFirst ? undefined : this.#step
  }

  /** Bytes that it may take in this time. */
  burst(milliseconds: number): number {
    const growing = (this.#growth * (this.#isOnset ? onset : 1) * milliseconds) / 1_000
    return Math.max(growing, this.#learned > this.#noise ? this.#learned : 0)
  }

  /**
   * Takes in a newer report, made at `time`. `inUse` is undefined when that is unknown. `deadTime` (milliseconds) is
   * how long decisions take to have an effect: what was used more within such a time is remembered.
   */
  next(inUse: number | undefined, report: MemoryReport, time: number, deadTime: number): void {
    const milliseconds = Math.max(reportSpacing, time - this.#time)
    const before = this.#report
    const swappedOut = increase(before.swapOut, report.swapOut) ?? 0
    const swappedIn = increase(before.swapIn, report.swapIn) ?? 0
    const step = this.#step
    step.milliseconds = milliseconds
    step.swappedOut = swappedOut
    step.majorFaults = increase(before.majorFaults, report.majorFaults) ?? 0
    step.usedBefore = this.#inUse
    step.spareBefore = before.usable ?? before.unused ?? Number.POSITIVE_INFINITY
    step.growthBefore = this.#growth
    this.#isFirst = false
    const debt = this.#swapDebt * 0.5 ** (milliseconds / debtHalfLife) + swappedOut - swappedIn
    this.#swapDebt = Math.max(0, Math.min(debt, report.maximum ?? debt))
    this.#time = time
    this.#swapped += swappedOut - swappedIn
    this.#report = withCounters(report, before)
    this.#learned *= 0.5 ** (milliseconds / burstHalfLife)
    if (inUse === undefined) return
    this.#inUse = inUse
    const given = Math.max(0, (report.available ?? 0) - (before.available ?? Number.POSITIVE_INFINITY))
    this.#grow(time, inUse + this.#swapped, deadTime, Math.min(given, mostAtHand))
  }

  /** Takes in a report; up to `given` bytes of a rise may be only memory that the guest was given. */
  #grow(time: number, held: number, deadTime: number, given: number): void {
    const history = this.#history
    const isResting = time - this.#grewAt > deadTime
    const step = held - history.lastHeld
    if (isResting && step > this.#noise && step <= given) history.raise(step)
    history.makeRoom(time - memory)
    const lastRate = (held - history.lastHeld) / Math.max(reportSpacing, time - history.lastTime)
    const { isHighest, rate, rise } = history.growthTo(time, held, this.#noise, deadTime)
    this.#isOnset = isResting
    this.#growth = isHighest ? 1_000 * Math.min(rate, lastCounts * lastRate) : 0
    if (this.#growth > 0) this.#grewAt = time
    this.#learned = Math.max(this.#learned, rise)
    history.push(time, held)
  }
}

/** How use has risen; see {@link UseHistory.growthTo}. */
interface Growth {
  readonly isHighest: boolean
  readonly rate: number
  readonly rise: number
}

/** With a rate of 0 it does not matter whether it is higher than ever. */
const noGrowth: Growth = { isHighest: false, rate: 0, rise: 0 }

/**
 * What was in use at the last reports, swapped out memory included: monotonic milliseconds and bytes. In flat arrays that
 * are filled round and round, since all of it is gone through at each report of each guest.
 */
class UseHistory {
  readonly #times = new Float64Array(mostReports)
  readonly #held = new Float64Array(mostReports)
  /** No more than the least that they held. */
  #least = Number.POSITIVE_INFINITY
  /** Where the oldest stands. */
  #first = 0
  #count = 0

  get lastTime(): number {
    return this.#times[this.#at(this.#count - 1)]!
  }

  get lastHeld(): number {
    return this.#held[this.#at(this.#count - 1)]!
  }

  push(time: number, held: number): void {
    const at = this.#at(this.#count)
    this.#times[at] = time
    this.#held[at] = held
    this.#least = Math.min(this.#least, held)
    this.#count++
  }

  /** Counts all of it as `bytes` more. */
  raise(bytes: number): void {
    for (let i = 0; i < this.#count; i++) this.#held[this.#at(i)]! += bytes
  }

  /** Forgets what is older than `oldest`, but for the last, and enough to have a free place for one more. */
  makeRoom(oldest: number): void {
    let gone = Math.max(0, this.#count - mostReports + 1)
    while (gone < this.#count - 1 && this.#times[this.#at(gone)]! < oldest) gone++
    this.#first = this.#at(gone)
    this.#count -= gone
  }

  /**
   * How use rose until `time`, when it is `held`: whether it is higher than ever, the fastest rate (bytes a millisecond) and
   * the largest rise within `deadTime`. A rise of up to `noise` is none.
   */
  growthTo(time: number, held: number, noise: number, deadTime: number): Growth {
    if (held - this.#least <= noise) return noGrowth
    let isHighest = true
    let rate = 0
    let rise = 0
    let least = Number.POSITIVE_INFINITY
    for (let i = 0; i < this.#count; i++) {
      const place = this.#at(i)
      const before = this.#held[place]!
      const at = this.#times[place]!
      if (!(before < held)) isHighest = false
      least = Math.min(least, before)
      const more = held - before
      if (more <= noise) continue
      rate = Math.max(rate, more / Math.max(reportSpacing, time - at))
      if (at >= time - deadTime) rise = Math.max(rise, more)
    }
    this.#least = least
    return { isHighest, rate, rise }
  }

  /** Where the report stands that has `i` older ones. */
  #at(i: number): number {
    return (this.#first + i) % mostReports
  }
}

/** `report`, with the counters of the one before where it does not tell them. */
function withCounters(report: MemoryReport, before: MemoryReport): MemoryReport {
  const { swapIn = before.swapIn, swapOut = before.swapOut, majorFaults = before.majorFaults } = report
  const isWhole = swapIn === report.swapIn && swapOut === report.swapOut && majorFaults === report.majorFaults
  return isWhole ? report : { ...report, swapIn, swapOut, majorFaults }
}
