import { MiB } from '../host/units.ts'
import type { MemoryReport } from './memory-report.ts'

/** Bytes between two sizes of a balloon that make no difference. */
export const sameSize = MiB
/** Bytes by which what a guest's kernel keeps may differ from one report to another: it keeps the same all the time. */
const keptSlack = 32 * MiB
/** A difference that so many reports in a row agree on is a new truth: memory was plugged, a driver loaded anew. */
const convincing = 5

/**
 * How the total that a guest reports goes with the size of its balloon. Most guests leave their balloon out of their
 * total, which is then below the balloon's size by what their kernel keeps. Some (Windows, and Linux with `autodeflate`)
 * count the balloon as used memory: their total stays as it is, and the memory that the balloon took is no use of theirs.
 *
 * Balloon size and report are of different times: they are compared only when nothing moved in between.
 */
export class GuestTotal {
  #actual = Number.NaN
  #stableSince = Number.NEGATIVE_INFINITY
  #total = Number.NaN
  /** Bytes of the balloon's size that are not in the total; negative where the total counts the balloon. */
  #kept = Number.NaN
  /** Whether it was ever told by figures that can be compared. */
  #isSure = false
  #doubted = Number.NaN
  #doubts = 0

  /** Takes in the balloon's size at `time` (monotonic milliseconds). */
  see(actual: number, time: number): void {
    if (Math.abs(actual - this.#actual) < sameSize) return
    this.#actual = actual
    this.#stableSince = time
  }

  /**
   * Bytes of a balloon in which the guest would have nothing to spare, by a report made at `time`; undefined when that
   * cannot be told because the balloon moves, NaN when the report cannot be true.
   */
  inUse(report: MemoryReport, time: number): number | undefined {
    const { available: total = this.#actual, usable = report.unused! } = report
    if (time >= this.#stableSince) {
      if (!this.#learn(total)) return Number.NaN
    } else if (!this.#isSure && !this.#guess(total)) {
      return Number.NaN
    } else if (report.available === undefined || this.#kept < -sameSize) {
      return Number.isNaN(this.#total) ? total - usable : undefined
    }
    this.#total = total
    const inUse = total - usable + this.#kept
    return inUse < 0 ? Number.NaN : inUse
  }

  /** Whether the report goes with what is known. */
  #learn(total: number): boolean {
    const kept = this.#actual - total
    const isExpected = Math.abs(kept - this.#kept) < keptSlack || Math.abs(total - this.#total) < sameSize
    if (this.#isSure && !isExpected) {
      this.#doubts = Math.abs(kept - this.#doubted) < keptSlack ? this.#doubts + 1 : 1
      this.#doubted = kept
      if (this.#doubts < convincing) return false
    }
    this.#doubts = 0
    this.#kept = kept
    this.#isSure = true
    return true
  }

  /**
   * Takes the first report as it is, though the balloon may have moved since; until another one tells more. Not one
   * with a total above the balloon's size: it may be from before a shrink, or count the balloon.
   */
  #guess(total: number): boolean {
    if (Number.isNaN(this.#kept) && total <= this.#actual) this.#kept = this.#actual - total
    return !Number.isNaN(this.#kept)
  }
}
