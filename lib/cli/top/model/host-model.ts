import { type Change, ChangeFollower } from '../../../recording/changes.ts'
import type { ShownDecisions, ShownTick } from '../../../report/shown-tick.ts'
import { type GuestFigures, guestFigures } from './guest-figures.ts'
import { History } from './history.ts'
import { pcpuUnits, type Unit } from './pcpus.ts'

/** Changes that are kept, and Ticks that one can step back through: the more guests, the fewer. */
const limits = { changes: 2_000, ticks: 200, leastTicks: 10, guestsOfTicks: 10_000 }

/** A Tick as it is shown. */
export interface Shown {
  /** The how manieth Tick it is. */
  readonly number: number
  readonly tick: ShownTick
  readonly guests: readonly GuestFigures[]
  readonly pcpus: readonly Unit[]
}

/** What is known of a host, from its Ticks: the last ones, how its guests did lately, what was changed. */
export class HostModel {
  readonly history = new History()
  readonly #changes: Change[] = []
  readonly #follower = new ChangeFollower()
  readonly #ticks: ShownTick[] = []
  #count = 0
  #shown: Shown | undefined

  /** Another one tells of the host from now on: what was begun before has no more results. */
  begin(): void {
    this.#follower.end()
  }

  /** Milliseconds since the epoch of the last change that is known. */
  get decidedUntil(): number {
    return this.#changes.at(-1)?.wallTime ?? Number.NEGATIVE_INFINITY
  }

  /** Takes in the decisions alone: of a Tick from before the first one that is shown, or of another controller. */
  takeDecisions(decisions: ShownDecisions): void {
    this.#changes.push(...this.#follower.take(decisions).begun)
    this.#prune()
  }

  /** Takes in the next Tick. */
  take(tick: ShownTick): void {
    this.#changes.push(...this.#follower.take(tick).begun)
    this.history.take(tick)
    this.#ticks.push(tick)
    this.#count++
    const kept = Math.round(limits.guestsOfTicks / Math.max(1, tick.domains.length))
    const most = Math.max(limits.leastTicks, Math.min(limits.ticks, kept))
    if (this.#ticks.length > most) this.#ticks.splice(0, this.#ticks.length - most)
    this.#prune()
  }

  /** Numbers of the first Tick that is kept, and of the last; the first is the higher one when there is none. */
  get first(): number {
    return this.#count - this.#ticks.length
  }

  get last(): number {
    return this.#count - 1
  }

  tick(number: number): ShownTick | undefined {
    return this.#ticks[number - this.first]
  }

  /** A Tick that is kept, by its number, made ready to be shown. */
  shown(number: number): Shown | undefined {
    const tick = this.tick(number)
    if (!tick) return undefined
    if (this.#shown?.tick !== tick) {
      this.#shown = { number, tick, guests: tick.domains.map(guestFigures), pcpus: pcpuUnits(tick) }
    }
    return this.#shown
  }

  /** The changes up to a moment, in milliseconds since the epoch, in the order in which they were made. */
  changes(until: number): readonly Change[] {
    const later = this.#changes.findLastIndex(({ wallTime }) => wallTime <= until)
    return later === this.#changes.length - 1 ? this.#changes : this.#changes.slice(0, later + 1)
  }

  #prune(): void {
    const spare = this.#changes.length - limits.changes
    if (spare > limits.changes / 10) this.#changes.splice(0, spare)
  }
}
