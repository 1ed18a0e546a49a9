import type { Clock } from '../../host/host.ts'
import { type Backoff, backoff } from '../../util/backoff.ts'
import type { FleetBus } from '../bus/fleet-bus.ts'
import type { OrderEvent } from '../bus/order.ts'

const pauses: Backoff = { first: 1_000, longest: 30_000 }

/**
 * Tells what became of orders, in their order, until the bus has taken it: a bus that is gone for a while must not lose
 * that a migration is done.
 */
export class Teller {
  readonly #bus: Pick<FleetBus, 'tell'>
  readonly #clock: Clock
  readonly #signal: AbortSignal
  #last: Promise<void> = Promise.resolve()

  constructor(bus: Pick<FleetBus, 'tell'>, clock: Clock, signal: AbortSignal) {
    this.#bus = bus
    this.#clock = clock
    this.#signal = signal
  }

  /** Resolves when it is told, or when the agent ends before. Never rejects. */
  tell(event: OrderEvent): Promise<void> {
    this.#last = this.#last.then(() => this.#untilTold(event))
    return this.#last
  }

  async #untilTold(event: OrderEvent): Promise<void> {
    for (let failures = 1; ; failures++) {
      try {
        return await this.#bus.tell(event)
      } catch {
        // An agent that ends tries once.
        if (this.#signal.aborted) return
        const pause = this.#clock.now() + backoff(failures, pauses)
        await this.#clock.sleepUntil(pause, this.#signal).catch(() => {})
      }
    }
  }
}
