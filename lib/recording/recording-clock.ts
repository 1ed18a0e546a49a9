import type { Clock } from '../host/host.ts'
import { roundTime } from './columns.ts'
import type { Tape } from './entries.ts'

/** Milliseconds: readings of the clock that are closer than this to the last entry say the time of that entry. */
const resolution = 0.5
/** Milliseconds by which the wall clock may drift from the monotonic one before it counts as set. */
const wallSlack = 10

/**
 * The clock of a recorded host. It stands still between two entries: what a loop does in answer to one happens at the
 * time of that entry, in a replay as it did. Where that takes long, the reading that shows it is an entry too.
 */
export class RecordingClock implements Clock {
  readonly #clock: Clock
  readonly #tape: Tape
  #now: number
  #wallOffset = Number.NaN
  /** Readings since the last entry. */
  #reads = 0

  constructor(clock: Clock, tape: Tape) {
    this.#clock = clock
    this.#tape = tape
    this.#now = roundTime(clock.now())
    this.mark()
  }

  now(): number {
    this.#reads++
    const present = roundTime(this.#clock.now())
    if (present - this.#now >= resolution) {
      this.#tape.write({ t: present, reads: this.#reads })
      this.#now = present
      this.#reads = 0
    }
    return this.#now
  }

  wallTime(): number {
    return Math.round(this.#now + this.#wallOffset)
  }

  async sleepUntil(time: number, signal?: AbortSignal): Promise<void> {
    await this.#clock.sleepUntil(time, signal)
    this.#tape.write({ t: this.mark(), wake: time })
  }

  /** The time of an entry that is about to be written. */
  mark(): number {
    this.#now = Math.max(this.#now, roundTime(this.#clock.now()))
    this.#reads = 0
    const offset = roundTime(this.#clock.wallTime() - this.#now)
    if (!(Math.abs(offset - this.#wallOffset) < wallSlack)) {
      this.#wallOffset = offset
      this.#tape.write({ t: this.#now, wallOffset: offset })
    }
    return this.#now
  }

  /** The time of the last entry. */
  get moment(): number {
    return this.#now
  }

  /** The wall clock, for a file that begins now. */
  get wallOffset(): number {
    return this.#wallOffset
  }
}
