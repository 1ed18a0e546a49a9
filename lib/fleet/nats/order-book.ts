import type { OpenOrder } from '../bus/fleet-bus.ts'
import { isOver, type Order, type OrderEvent } from '../bus/order.ts'
import { unpack } from './packing.ts'
import { readSubject } from './subjects.ts'
import type { StreamMessage } from './tail.ts'

/** Orders that are over of which the last word is remembered. */
const remembered = 1_000

/** The orders of a stream that are not over, and what was told of them, as its messages come. */
export class OrderBook {
  #open = new Map<string, { readonly order: Order; readonly events: OrderEvent[] }>()
  /** The last word on those that are over, oldest first. */
  #over = new Map<string, OrderEvent>()

  clear(): void {
    this.#open = new Map()
    this.#over = new Map()
  }

  /** Oldest first. */
  get open(): readonly OpenOrder[] {
    return [...this.#open.values()].map(({ order, events }) => ({ order, events: [...events] }))
  }

  /** What was told of an order last. */
  told(id: string): OrderEvent | undefined {
    return this.#over.get(id) ?? this.#open.get(id)?.events.at(-1)
  }

  has(id: string): boolean {
    return this.#open.has(id)
  }

  /** Takes a message in; the order that it is, if it is one. */
  take({ subject, data }: StreamMessage): Order | undefined {
    const about = readSubject(subject)
    const read = about && readMessage(data)
    // The subject says who wrote it: NATS lets an agent write for its own host alone.
    if (about === undefined || read?.host !== about.host) return undefined
    if (about.kind === 'order') {
      const order = read as Order
      this.#open.set(order.id, { order, events: [] })
      return order
    }
    const event = read as OrderEvent
    const known = this.#open.get(event.order)
    if (known?.order.host !== about.host) return undefined
    if (isOver(event)) {
      this.#open.delete(event.order)
      this.#over.set(event.order, event)
      if (this.#over.size > remembered) this.#over.delete(this.#over.keys().next().value!)
      return undefined
    }
    const same = known.events.findIndex(({ state }) => state === event.state)
    if (same !== -1) known.events.splice(same, 1)
    known.events.push(event)
    return undefined
  }
}

/** An order or an event; undefined: neither, by a program that is none of ours. */
function readMessage(data: Uint8Array): Order | OrderEvent | undefined {
  try {
    const value = unpack(data)
    const isOne =
      typeof value === 'object' &&
      value !== null &&
      'host' in value &&
      (('id' in value && typeof value.id === 'string') ||
        ('order' in value && typeof value.order === 'string'))
    return isOne ? (value as Order | OrderEvent) : undefined
  } catch {
    return undefined
  }
}
