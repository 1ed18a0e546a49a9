import type { FeedMessage, FeedSetup, FeedTick, Inventory, Standing } from '../../report/feed/messages.ts'
import type { FleetFigures } from '../../report/fleet-figures.ts'

/** A tick with all that holds in it. */
export interface Moment {
  readonly tick: FeedTick
  readonly inventory: Inventory
  readonly standing: Standing
  readonly setup: FeedSetup | undefined
  /** What the host knew of its fleet; undefined: it is a member of none, or that is not known. */
  readonly fleet: FleetFigures | undefined
}

/** Puts together what messages say one after the other. */
export class MomentReader {
  #inventory: Inventory = { pcpus: [], guests: [] }
  #standing: Standing = { clamps: [], skipped: [] }
  #setup: FeedSetup | undefined
  #fleet: FleetFigures | undefined

  /** The next moment; undefined: the message says what holds from the next tick on. */
  read(message: FeedMessage): Moment | undefined {
    if ('setup' in message) this.#setup = message.setup
    else if ('inventory' in message) this.#inventory = message.inventory
    else if ('standing' in message) this.#standing = message.standing
    else if ('fleet' in message) this.#fleet = message.fleet
    else {
      return {
        tick: message.tick,
        inventory: this.#inventory,
        standing: this.#standing,
        setup: this.#setup,
        fleet: this.#fleet,
      }
    }
    return undefined
  }
}

/** Figures of ticks that a page keeps at most: some tens of MiB. */
const mostFigures = 10_000_000
const mostMoments = 1_800

/** The last moments in their order, as many as fit. */
export class History {
  readonly moments: Moment[] = []
  #figures = 0

  push(moment: Moment): void {
    this.moments.push(moment)
    this.#figures += figuresIn(moment)
    while (this.moments.length > mostMoments || (this.#figures > mostFigures && this.moments.length > 1)) {
      this.#figures -= figuresIn(this.moments.shift()!)
    }
  }
}

/** The last moment up to `wallTime`; the first one, where that is earlier. */
export function momentAt(moments: readonly Moment[], wallTime: number): Moment | undefined {
  let low = 0
  let high = moments.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (moments[middle]!.tick.wallTime <= wallTime) low = middle + 1
    else high = middle
  }
  return moments[Math.max(0, low - 1)]
}

function figuresIn({ tick, inventory }: Moment): number {
  return 6 * tick.vcpus.usage.length + 9 * inventory.guests.length + 2 * inventory.pcpus.length
}
