import type { ConsumerConfig, JetStreamManager } from '@nats-io/jetstream'
import type { Msg, NatsConnection, Subscription } from '@nats-io/transport-node'
import type { BallastError } from '../../host/errors.ts'
import { backoff } from '../../util/backoff.ts'
import type { BusClock } from './bus-clock.ts'
import { busError } from './bus-error.ts'

/** Milliseconds between what the server says when there is nothing to say. */
const heartbeat = 5_000
const pauses = { first: 500, longest: 10_000 }

/** A message of a stream. */
export interface StreamMessage {
  readonly subject: string
  readonly data: Uint8Array
  readonly header: (name: string) => string | undefined
  readonly sequence: number
  /** When the server stored it, in milliseconds since the epoch. */
  readonly time: number
}

/** What is followed, and who is told. */
export interface TailOptions {
  readonly stream: string
  readonly subject: string
  /** Of each subject the newest message, or all messages; then what comes. */
  readonly from: 'newest' | 'all'
  /** It begins anew: all messages are handed out once more. */
  readonly begin: () => void
  readonly message: (message: StreamMessage) => void
  /** All that was there has been handed out. */
  readonly caughtUp: () => void
}

export interface TailConnection {
  readonly connection: NatsConnection
  readonly manager: JetStreamManager
  readonly clock: BusClock
  /** An address that only we hear. */
  readonly inbox: () => string
}

/**
 * Follows a stream in its order and without gaps, for as long as it is not stopped. After a gap, silence, or a new
 * connection it begins anew from the start, since a server that lost what it kept counts from the start, too: that is
 * simple, and always right.
 */
export class Tail {
  readonly #on: TailConnection
  readonly #options: TailOptions
  #subscription: Subscription | undefined
  #timer: NodeJS.Timeout | undefined
  /** How many messages the consumer delivered. */
  #delivered = 0
  #isCaughtUp = false
  #sequence = 0
  #failures = 0
  #isStopped = false
  #waiting: (() => void)[] = []
  #error: BallastError | undefined

  constructor(on: TailConnection, options: TailOptions) {
    this.#on = on
    this.#options = options
    void this.restart()
  }

  /**
   * Resolves when all up to this sequence number has been handed out. Rejects when the stream may not be followed, and
   * after `patience` milliseconds when it could not be.
   */
  async reached(sequence: number, patience: number): Promise<void> {
    const until = performance.now() + patience
    while (!this.#isStopped && !(this.#isCaughtUp && this.#sequence >= sequence)) {
      if (this.#error?.code === 'ERR_FLEET_PERMISSION') throw this.#error
      const left = until - performance.now()
      // What is waited for may have run out before it came.
      if (left <= 0 && this.#isCaughtUp) return
      if (left <= 0)
        throw this.#error ?? busError(new Error('no answer in time'), `follow ${this.#options.stream}`)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left)
        this.#waiting.push(() => {
          clearTimeout(timer)
          resolve()
        })
      })
    }
  }

  /** Begins anew. */
  async restart(): Promise<void> {
    if (this.#isStopped) return
    this.#end()
    const { connection, manager, clock, inbox } = this.#on
    const { stream, subject, from, begin } = this.#options
    const deliver = inbox()
    this.#delivered = 0
    this.#isCaughtUp = false
    this.#sequence = 0
    begin()
    const subscription = connection.subscribe(deliver, {
      callback: (error, message) => {
        if (this.#subscription !== subscription) return
        if (error) this.#retry(error)
        else this.#take(message)
      },
    })
    this.#subscription = subscription
    this.#listen()
    try {
      const configuration: Partial<ConsumerConfig> = {
        name: `ballast_${deliver.slice(deliver.lastIndexOf('.') + 1)}`,
        deliver_subject: deliver,
        deliver_policy: from === 'all' ? 'all' : 'last_per_subject',
        ack_policy: 'none',
        replay_policy: 'instant',
        max_deliver: 1,
        filter_subject: subject,
        flow_control: true,
        idle_heartbeat: heartbeat * 1e6,
        // Deleting it would be a right to delete those of others: it ends by itself when nobody listens.
        inactive_threshold: 10_000 * 1e6,
        mem_storage: true,
        num_replicas: 1,
      }
      const info = await manager.consumers.add(stream, configuration)
      if (this.#subscription !== subscription) return
      this.#failures = 0
      this.#error = undefined
      clock.observe(Date.parse(info.created))
      if (info.delivered.consumer_seq + info.num_pending === 0) this.#catchUp()
    } catch (error) {
      if (this.#subscription === subscription) this.#retry(error)
    }
  }

  stop(): void {
    this.#isStopped = true
    this.#end()
    this.#wake()
  }

  #take(message: Msg): void {
    this.#listen()
    const { headers, reply } = message
    if (message.data.length === 0 && headers?.code === 100) {
      // Flow control asks for an answer; a heartbeat that stalled names where to.
      if (reply) message.respond()
      const stalled = headers.get('Nats-Consumer-Stalled')
      if (stalled) this.#on.connection.publish(stalled)
      const last = headers.get('Nats-Last-Consumer')
      if (last && Number(last) !== this.#delivered) void this.restart()
      // What was to come has run out meanwhile.
      else if (last) this.#catchUp()
      return
    }
    const position = reply === undefined ? undefined : positionOf(reply)
    if (position === undefined) return
    if (position.delivered !== this.#delivered + 1) {
      void this.restart()
      return
    }
    this.#delivered = position.delivered
    this.#sequence = position.sequence
    if (this.#isCaughtUp) this.#on.clock.observe(position.time)
    this.#options.message({
      subject: message.subject,
      data: message.data,
      header: (name) => headers?.get(name) || undefined,
      sequence: position.sequence,
      time: position.time,
    })
    if (this.#isCaughtUp) this.#wake()
    else if (position.pending === 0) this.#catchUp()
  }

  #catchUp(): void {
    if (this.#isCaughtUp) return
    this.#isCaughtUp = true
    this.#options.caughtUp()
    this.#wake()
  }

  #wake(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const wake of waiting) wake()
  }

  /** Silence for three heartbeats: the server has forgotten us. */
  #listen(): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.restart(), 3 * heartbeat)
    this.#timer.unref()
  }

  #retry(error: unknown): void {
    this.#error = busError(error, `follow ${this.#options.stream}`)
    this.#end()
    this.#wake()
    this.#timer = setTimeout(() => void this.restart(), backoff(++this.#failures, pauses))
    this.#timer.unref()
  }

  #end(): void {
    clearTimeout(this.#timer)
    this.#subscription?.unsubscribe()
    this.#subscription = undefined
  }
}

/** Where in its stream a message is: the server says it in the subject that an acknowledgement would go to. */
function positionOf(
  reply: string,
):
  | { readonly sequence: number; readonly delivered: number; readonly time: number; readonly pending: number }
  | undefined {
  const words = reply.split('.')
  if (words[0] !== '$JS' || words[1] !== 'ACK' || words.length < 9) return undefined
  // Newer servers put a domain and the account's hash in front.
  const at = words.length === 9 ? 5 : 7
  const [sequence = 0, delivered = 0, nanoseconds = 0, pending = 0] = words.slice(at, at + 4).map(Number)
  return { sequence, delivered, time: nanoseconds / 1e6, pending }
}
