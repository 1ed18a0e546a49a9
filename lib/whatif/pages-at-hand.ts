import { MiB } from '../util/units.ts'

/** Bytes: changes of use up to this are noise. */
const noise = 16 * MiB
/** Bytes that a guest's kernel keeps at hand at most; 45 MiB were seen. */
const most = 64 * MiB
/** Reports without growth after which a guest counts as resting. */
const resting = 5

/**
 * What of a guest's use is no use: its kernel keeps pages that the balloon gave back at hand for each CPU, and counts them as
 * free only when it has needed them. A rise of a resting guest by no more than it was just given is taken for
 * that; the next fall takes it back.
 */
export class PagesAtHand {
  #available = Number.NaN
  #used = Number.NaN
  #bytes = 0
  #reportsAtRest = resting

  /** Takes in the guest's total and its use by one report; returns how much of that is at hand. Bytes; NaN: not known. */
  take(available: number, used: number): number {
    if (Number.isNaN(available) || Number.isNaN(used)) return this.#bytes
    const given = available - this.#available
    const rise = used - this.#used
    this.#reportsAtRest++
    if (rise > noise) {
      const isAtHand = this.#reportsAtRest > resting && rise <= Math.min(given + noise, most)
      if (isAtHand) this.#bytes = Math.min(most, this.#bytes + rise)
      else this.#reportsAtRest = 0
    } else if (rise < 0) this.#bytes = Math.max(0, this.#bytes + rise)
    this.#available = available
    this.#used = used
    return this.#bytes
  }
}
