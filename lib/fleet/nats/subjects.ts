import { asWord } from './nats-options.ts'

/** Where each thing of a fleet is: names of streams and subjects, the same that packaging/nats/ gives rights to. */
export class Subjects {
  readonly reports: Bucket
  readonly requirements: Bucket
  /** What hosts answer, where it is much. */
  readonly answers: Bucket
  readonly lease: Bucket
  readonly settings: Bucket
  /** Orders, and what is told of them. */
  readonly orders: string
  readonly history: string
  readonly #fleet: string

  constructor(fleet: string) {
    this.#fleet = fleet
    this.reports = new Bucket(`ballast_${fleet}_reports`)
    this.requirements = new Bucket(`ballast_${fleet}_requirements`)
    this.answers = new Bucket(`ballast_${fleet}_answers`)
    this.lease = new Bucket(`ballast_${fleet}_lease`)
    this.settings = new Bucket(`ballast_${fleet}_settings`)
    this.orders = `ballast_${fleet}_orders`
    this.history = `ballast_${fleet}_history`
  }

  /** All orders for all hosts, and all that is told of them. */
  get ofHosts(): string {
    return `ballast.${this.#fleet}.host.>`
  }

  /** All orders for one host, and all that it tells of them. */
  ofHost(host: string): string {
    return `ballast.${this.#fleet}.host.${asWord('host', host)}.>`
  }

  order(host: string, id: string): string {
    return `ballast.${this.#fleet}.host.${asWord('host', host)}.order.${asWord('id', id)}`
  }

  /** One for each state: of many that tell of progress, the stream keeps the last. */
  event(host: string, order: string, state: string): string {
    return `ballast.${this.#fleet}.host.${asWord('host', host)}.event.${asWord('order', order)}.${state}`
  }

  get ticks(): string {
    return `ballast.${this.#fleet}.tick`
  }
}

/** A key-value bucket, by the conventions of NATS: `nats kv` reads it. */
export class Bucket {
  readonly stream: string
  readonly #prefix: string

  constructor(name: string) {
    this.stream = `KV_${name}`
    this.#prefix = `$KV.${name}.`
  }

  get all(): string {
    return `${this.#prefix}>`
  }

  /** The subject of a key. */
  of(key: string): string {
    return this.#prefix + asWord('key', key)
  }

  keyOf(subject: string): string {
    return subject.slice(this.#prefix.length)
  }
}

/** What a subject of {@link Subjects.order} or {@link Subjects.event} says; undefined: something else. */
export function readSubject(
  subject: string,
): { readonly host: string; readonly kind: 'order' | 'event' } | undefined {
  const [, , , host, kind] = subject.split('.')
  return host !== undefined && (kind === 'order' || kind === 'event') ? { host, kind } : undefined
}
