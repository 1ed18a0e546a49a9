import { type Decided, FeedWriter } from '../../report/feed/feed-writer.ts'
import type { FeedMessage, FeedSetup } from '../../report/feed/messages.ts'
import type { FleetFigures } from '../../report/fleet-figures.ts'
import { eventOf } from './event-stream.ts'

/** Ticks that a page finds when it opens, and bytes that they take. */
const limits = { ticks: 900, bytes: 4 * 2 ** 20 }

type LastingKind = 'setup' | 'inventory' | 'standing' | 'fleet'

interface Event {
  readonly kind: LastingKind | 'tick'
  readonly bytes: Buffer
}

/** The last ticks as events, in a bounded amount of memory. */
export class RecentEvents {
  readonly #writer = new FeedWriter()
  readonly #events: Event[] = []
  /** What holds for the first of the events. */
  readonly #before = new Map<LastingKind, Buffer>()
  #fleet = ''
  #ticks = 0
  #bytes = 0

  /** A loop is run with this from now on. */
  begin(setup: FeedSetup): Buffer {
    return this.#keep({ setup })
  }

  /** What is known of the fleet from now on; undefined: what was known before. */
  fleet(figures: FleetFigures): Buffer | undefined {
    const text = JSON.stringify(figures)
    if (text === this.#fleet) return undefined
    this.#fleet = text
    return this.#keep({ fleet: figures })
  }

  /** The event of a tick, with those that belong before it. */
  observe(decided: Decided): Buffer {
    const events = this.#writer.write(decided).map((message) => this.#keep(message))
    this.#prune()
    return events.length === 1 ? events[0]! : Buffer.concat(events)
  }

  /** All that a new reader is to know. */
  past(): Buffer[] {
    return [...this.#before.values(), ...this.#events.map(({ bytes }) => bytes)]
  }

  #keep(message: FeedMessage): Buffer {
    const bytes = eventOf(message)
    const kind = Object.keys(message)[0] as Event['kind']
    this.#events.push({ kind, bytes })
    this.#bytes += bytes.length
    if (kind === 'tick') this.#ticks++
    return bytes
  }

  /** The last tick stays, however large. */
  #prune(): void {
    while (this.#ticks > 1 && (this.#ticks > limits.ticks || this.#bytes > limits.bytes)) {
      const { kind, bytes } = this.#events.shift()!
      this.#bytes -= bytes.length
      if (kind === 'tick') this.#ticks--
      else this.#before.set(kind, bytes)
    }
  }
}
