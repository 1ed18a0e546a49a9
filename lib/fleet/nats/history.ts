import type { BusClock } from './bus-clock.ts'
import { busError } from './bus-error.ts'
import type { NatsClients } from './connection.ts'
import { pack, unpack } from './packing.ts'
import type { Subjects } from './subjects.ts'
import { type StreamMessage, Tail } from './tail.ts'

/** When a Tick was, by the clock of who led. */
const wallTimeHeader = 'Ballast-Wall-Time'
/** Of a Tick that does not fit one message: which part it is, and of how many. */
const partHeader = 'Ballast-Part'
/** Bytes of a message that its headers may take. */
const headersSize = 4_096
const patience = 60_000

/** The FleetTicks of a fleet, in a stream. */
export class FleetHistory {
  readonly #nats: NatsClients
  readonly #clock: BusClock
  readonly #subjects: Subjects

  constructor(nats: NatsClients, clock: BusClock, subjects: Subjects) {
    this.#nats = nats
    this.#clock = clock
    this.#subjects = subjects
  }

  async append(tick: unknown): Promise<void> {
    const { connection, client, headers } = this.#nats
    const data = pack(tick)
    const most = (connection.info?.max_payload ?? 2 ** 20) - headersSize
    const parts = Math.max(1, Math.ceil(data.length / most))
    for (let part = 0; part < parts; part++) {
      const marks = headers()
      marks.set(wallTimeHeader, String(wallTimeOf(tick)))
      if (parts > 1) marks.set(partHeader, `${part + 1}/${parts}`)
      await client
        .publish(this.#subjects.ticks, data.subarray(part * most, (part + 1) * most), { headers: marks })
        .catch((error) => {
          throw busError(error, 'append to the history of the fleet')
        })
    }
  }

  /** Ticks of `since` (milliseconds since the epoch) and later, oldest first, up to now. */
  async since(since: number): Promise<Iterable<unknown>> {
    const { manager } = this.#nats
    const { history: stream, ticks: subject } = this.#subjects
    const { state } = await manager.streams.info(stream).catch((error) => {
      throw busError(error, 'read the history of the fleet')
    })
    if (state.messages === 0) return []
    let found: StreamMessage[] = []
    const tail = new Tail(
      { ...this.#nats, clock: this.#clock },
      {
        stream,
        subject,
        from: 'all',
        begin: () => {
          found = []
        },
        message: (message) => {
          const isNew = Number(message.header(wallTimeHeader) ?? 0) >= since
          if (isNew) found.push(message)
        },
        caughtUp: () => {},
      },
    )
    try {
      await tail.reached(state.last_seq, patience)
    } finally {
      tail.stop()
    }
    return assembled(found)
  }
}

/** Ticks of the messages; of those of which a part is missing, nothing. */
function* assembled(messages: readonly StreamMessage[]): Generator<unknown> {
  let parts: Uint8Array[] = []
  for (const { header, data } of messages) {
    const [part = 1, of = 1] = (header(partHeader) ?? '1/1').split('/').map(Number)
    if (part === 1) parts = []
    parts.push(data)
    if (part !== of || parts.length !== of) continue
    yield unpack(Buffer.concat(parts))
  }
}

/** Milliseconds since the epoch; what has none is as old as can be. */
function wallTimeOf(tick: unknown): number {
  const known = typeof tick === 'object' && tick !== null && 'wallTime' in tick ? tick.wallTime : undefined
  return typeof known === 'number' ? known : 0
}
