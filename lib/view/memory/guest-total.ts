import { MiB } from '../../util/units.ts'
import type { MemoryReport } from './report.ts'
import { negligible } from './sizes.ts'

/** Bytes by which what a guest's kernel keeps may differ from one report to another: it keeps the same all the time. */
const keptSlack = 32 * MiB
/** Reports in a row after which a difference that they agree on is accepted: memory was plugged, a driver reloaded. */
const convincing = 5

/**
 * How the total that a guest reports goes with the size of its balloon. Most guests leave their balloon out of their
 * total, which is then below the balloon's size by what their kernel keeps. Some (Windows, and Linux with `autodeflate`)
 * count the balloon as used memory: their total stays as it is, and the memory that the balloon took is not used by them.
 *
 * Balloon size and report are of different times: they are compared only when nothing moved in between.
 */
export class GuestTotal {
  #actual = Number.NaN
  #stableSince = Number.NEGATIVE_INFINITY
  /** The smallest and largest size since the last report that could be compared. */
  #least = Number.POSITIVE_INFINITY
  #most = 0
  #total = Number.NaN
  #usable = Number.NaN
  /** Bytes of the balloon's size that are not in the total; negative where the total counts the balloon. */
  #kept = Number.NaN
  /** Whether it was ever learned from figures that can be compared. */
  #isSure = false
  /** Whether the total follows the balloon; undefined: not seen yet. */
  #follows: boolean | undefined
  /** The balloon's size when it was last compared, and the report that it was compared with. */
  #comparedAt = Number.NaN
  #comparedTotal = Number.NaN
  #comparedUsable = Number.NaN
  #doubted = Number.NaN
  #doubts = 0
  /** Whether the last report had a total: without one, nothing is learned that holds for reports that have one. */
  #hasTotal: boolean | undefined

  /** Takes in the balloon's size at `time` (monotonic milliseconds). */
  see(actual: number, time: number): void {
    this.#least = Math.min(this.#least, actual)
    this.#most = Math.max(this.#most, actual)
    if (Math.abs(actual - this.#actual) < negligible) return
    this.#actual = actual
    this.#stableSince = time
  }

  /**
   * Bytes of a balloon in which the guest would have nothing to spare, by a report made at `time`; undefined when that
   * is unknown because the balloon moves, NaN when the report cannot be true.
   */
  inUse(report: MemoryReport, time: number): number | undefined {
    const { available, usable = report.unused! } = report
    if (this.#hasTotal !== undefined && this.#hasTotal !== (available !== undefined)) this.#forget()
    this.#hasTotal = available !== undefined
    const total = available ?? this.#actual
    if (time >= this.#stableSince) {
      if (!this.#learn(total, usable)) return Number.NaN
    } else if (Number.isNaN(this.#kept)) {
      // The balloon may have moved since. A total above its size may be from before a shrink, or count the balloon.
      if (total > this.#actual) return Number.NaN
      this.#kept = this.#actual - total
    } else if (available === undefined || !this.#mayFollow(total)) {
      return undefined
    } else if (this.#isSure && !this.#isOnItsWay(total + this.#kept)) {
      return Number.NaN
    }
    this.#total = total
    this.#usable = usable
    const inUse = total - usable + this.#kept
    return inUse < 0 ? Number.NaN : inUse
  }

  #forget(): void {
    this.#kept = Number.NaN
    this.#isSure = false
    this.#follows = undefined
    this.#doubts = 0
  }

  /** Whether the report goes with what is known. */
  #learn(total: number, usable: number): boolean {
    const kept = this.#actual - total
    // Less than nothing in use: one of the two sizes was never true, and nothing is to be learned of it.
    if (total - usable + kept < 0) return false
    const isAsBefore = Math.abs(kept - this.#kept) < keptSlack
    const isSameTotal = isSame(total, this.#comparedTotal)
    // A total that counts the balloon leaves less of it usable, or more: one of the two has to move. One that follows the
    // balloon and has stopped on its way down is above the balloon's size.
    const isFrozen =
      (isSameTotal && isSame(usable, this.#comparedUsable)) ||
      (kept < -negligible && isSame(total, this.#total) && isSame(usable, this.#usable))
    if (this.#isSure && !isAsBefore && isFrozen) return false
    if (this.#isSure && !isAsBefore && !isSameTotal) {
      this.#doubts = Math.abs(kept - this.#doubted) < keptSlack ? this.#doubts + 1 : 1
      this.#doubted = kept
      if (this.#doubts < convincing) return false
    }
    if (kept < -negligible || (this.#isSure && !isAsBefore)) this.#follows = false
    else if (Math.abs(this.#actual - this.#comparedAt) > keptSlack) this.#follows = true
    this.#doubts = 0
    this.#kept = kept
    this.#isSure = true
    this.#comparedAt = this.#actual
    this.#comparedTotal = total
    this.#comparedUsable = usable
    this.#least = this.#actual
    this.#most = this.#actual
    return true
  }

  /** Whether a report made while the balloon moves shows what is in use, or counts part of the balloon as well. */
  #mayFollow(total: number): boolean {
    return this.#follows ?? Math.abs(total - this.#total) >= negligible
  }

  /** Whether the balloon can have had this size recently. */
  #isOnItsWay(size: number): boolean {
    return size > this.#least - keptSlack && size < this.#most + keptSlack
  }
}

function isSame(bytes: number, others: number): boolean {
  return Math.abs(bytes - others) < negligible
}
