import { MiB } from '../../util/units.ts'
import { increase, type MemoryReport } from './report.ts'

/** Bytes: no kernel lets so little be free for long. */
const nextToNothing = MiB
/** Reports in a row, and bytes given in that time, that make it a lie. */
const mostReports = 3
const mostGiven = 128 * MiB

/**
 * Recognises a guest that always reports that nothing is left, whatever it is given. One that really uses all of that
 * swaps, faults, or has a little free in between: kernels do not hand out their last pages.
 */
export class Insatiable {
  #before: MemoryReport | undefined
  #reports = 0
  #first = 0

  /** Takes in a report; whether it is no more to be believed. */
  next(report: MemoryReport): boolean {
    const before = this.#before
    const { actual = 0, unused = 0, usable = 0 } = report
    const works =
      (increase(before?.swapOut, report.swapOut) ?? 0) > 0 ||
      (increase(before?.swapIn, report.swapIn) ?? 0) > 0 ||
      (increase(before?.majorFaults, report.majorFaults) ?? 0) > 0
    if (works || unused >= nextToNothing || usable >= nextToNothing) this.#reports = 0
    else if (this.#reports++ === 0) this.#first = actual
    this.#before = report
    return this.#reports >= mostReports && actual - this.#first >= mostGiven
  }
}
