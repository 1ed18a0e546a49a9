import type { Order } from '../bus/order.ts'
import { OrderBook } from './order-book.ts'
import type { Subjects } from './subjects.ts'
import { Tail, type TailConnection } from './tail.ts'

/** Milliseconds until an order whose handling failed is handed over once more. */
const redelivery = 1_000

/** Hands the orders for one host over: what the stream says is over never, everything else once. */
export class OrderTaker {
  readonly #book = new OrderBook()
  readonly #handle: (order: Order) => Promise<void>
  readonly #tail: Tail
  readonly #timers = new Set<NodeJS.Timeout>()
  /** Ids of orders that are or were handled by us. */
  readonly #taken = new Set<string>()
  #isCaughtUp = false
  #isStopped = false

  constructor(on: TailConnection, subjects: Subjects, host: string, handle: (order: Order) => Promise<void>) {
    this.#handle = handle
    this.#tail = new Tail(on, {
      stream: subjects.orders,
      subject: subjects.ofHost(host),
      from: 'all',
      begin: () => {
        this.#book.clear()
        this.#isCaughtUp = false
      },
      message: (message) => {
        const order = this.#book.take(message)
        // Of one that was given before, what became of it may still come.
        if (order !== undefined && this.#isCaughtUp) this.#handOver(order)
      },
      caughtUp: () => {
        this.#isCaughtUp = true
        for (const { order } of this.#book.open) this.#handOver(order)
      },
    })
  }

  /** Resolves when it hears; rejects when it may not, or after `patience` milliseconds. */
  hears(patience: number): Promise<void> {
    return this.#tail.reached(0, patience)
  }

  restart(): void {
    void this.#tail.restart()
  }

  stop(): void {
    this.#isStopped = true
    for (const timer of this.#timers) clearTimeout(timer)
    this.#tail.stop()
  }

  #handOver(order: Order): void {
    if (this.#isStopped || this.#taken.has(order.id)) return
    this.#taken.add(order.id)
    queueMicrotask(() => void this.#handle(order).catch(() => this.#again(order)))
  }

  #again(order: Order): void {
    this.#taken.delete(order.id)
    if (this.#isStopped) return
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      if (this.#book.has(order.id)) this.#handOver(order)
    }, redelivery)
    this.#timers.add(timer)
  }
}
