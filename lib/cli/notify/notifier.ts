import type { Notification } from '../../report/notifications/notification.ts'
import { backoff } from '../../util/backoff.ts'
import { counted } from '../../util/format.ts'
import { type Timer, timedOut, withTimeout } from '../../util/timeout.ts'
import { deliver } from './deliver.ts'
import { messageOf, type Outgoing, type Sender } from './message.ts'
import { RateLimit } from './rate-limit.ts'
import { type Receiver, receiverText } from './receiver.ts'

/** Milliseconds that a receiver has for one message. */
const deadline = 10_000
/** Pauses after a failure, in milliseconds, and the number of attempts for one message. */
const pauses = { first: 5_000, longest: 300_000, growth: 4 }
const attempts = 5
/** Messages that wait for one receiver. */
const mostWaiting = 100
/** Milliseconds that the end of a run waits for what is under way. */
const closeTimeout = 1_000

export interface NotifierOptions {
  readonly sender: Sender
  readonly timer: Timer
  /** Told, in a line, that a receiver fails and that it works again: once each. */
  readonly report: (line: string, level: 'info' | 'warn') => void
  /** Default: {@link deliver}. */
  readonly deliver?: typeof deliver
}

/**
 * Tells receivers of what happens. Whoever calls waits for nothing: each receiver has a queue, and is tried again after
 * pauses.
 */
export class Notifier implements AsyncDisposable {
  readonly #limit = new RateLimit()
  readonly #timer: Timer
  readonly #queues: readonly Queue[]
  readonly #closing = new AbortController()

  constructor(receivers: readonly Receiver[], options: NotifierOptions) {
    this.#timer = options.timer
    this.#queues = receivers.map((receiver) => new Queue(receiver, options, this.#closing.signal))
  }

  /** To be called now and then with nothing, too: some may have had to wait. Never throws. */
  tell(notifications: readonly Notification[]): void {
    for (const outgoing of this.#limit.admit(notifications, this.#timer.now())) {
      for (const queue of this.#queues) queue.add(outgoing)
    }
  }

  /** Waits a moment for what is under way, and ends it then. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const queue of this.#queues) queue.close()
    const ended = Promise.all(this.#queues.map(({ ended }) => ended))
    await withTimeout(this.#timer, closeTimeout, ended)
    this.#closing.abort(new Error('ballast ends'))
    for (const queue of this.#queues) queue.tellOfUndelivered()
  }
}

/** The messages for one receiver, one after the other. */
class Queue {
  readonly #receiver: Receiver
  readonly #options: NotifierOptions
  readonly #signal: AbortSignal
  readonly #waiting: Outgoing[] = []
  /** Aborted when there are to be no more attempts. */
  readonly #lastAttempts = new AbortController()
  #isFailing = false
  /** How many since the last that was delivered were not. */
  #lost = 0
  #isSending = false
  #work: Promise<void> | undefined

  constructor(receiver: Receiver, options: NotifierOptions, signal: AbortSignal) {
    this.#receiver = receiver
    this.#options = options
    this.#signal = signal
  }

  /** Resolves when nothing is under way. */
  get ended(): Promise<void> {
    return this.#work ?? Promise.resolve()
  }

  add(outgoing: Outgoing): void {
    this.#waiting.push(outgoing)
    if (this.#waiting.length > mostWaiting) {
      this.#waiting.shift()
      this.#lost++
    }
    this.#work ??= this.#sendAll().finally(() => {
      this.#work = undefined
    })
  }

  /** What waits has one attempt left. */
  close(): void {
    this.#lastAttempts.abort()
  }

  /** At the end of a run. */
  tellOfUndelivered(): void {
    const count = this.#lost + this.#waiting.length + Number(this.#isSending)
    if (count === 0) return
    const name = receiverText(this.#receiver)
    this.#options.report(`${counted(count, 'notification')} could not be delivered to ${name}`, 'warn')
  }

  /** Never rejects. */
  async #sendAll(): Promise<void> {
    for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) {
      this.#isSending = true
      if (await this.#send(next)) this.#lost = 0
      else this.#lost++
      this.#isSending = false
    }
  }

  async #send(outgoing: Outgoing): Promise<boolean> {
    for (let failures = 0; ; ) {
      const problem = await this.#attempt(messageOf(outgoing, this.#options.sender, this.#lost))
      this.#tellOf(problem)
      if (problem === undefined) return true
      if (++failures === attempts || !(await this.#pause(backoff(failures, pauses)))) return false
    }
  }

  /** What went wrong; undefined: nothing. */
  async #attempt(message: string): Promise<string | undefined> {
    const { timer, deliver: hand = deliver } = this.#options
    const late = new AbortController()
    const signal = AbortSignal.any([late.signal, this.#signal])
    try {
      const delivered = hand(this.#receiver, message, signal)
      if ((await withTimeout(timer, deadline, delivered)) !== timedOut) return undefined
      late.abort(new Error(`no answer within ${deadline / 1_000} s`))
      await delivered
      return undefined
    } catch (error) {
      return error instanceof Error ? error.message : String(error)
    }
  }

  /** False: there is to be no other attempt. */
  async #pause(milliseconds: number): Promise<boolean> {
    const { timer } = this.#options
    const { signal } = this.#lastAttempts
    await timer.sleepUntil(timer.now() + milliseconds, signal).catch((error: unknown) => {
      if (!signal.aborted) throw error
    })
    return !signal.aborted
  }

  #tellOf(problem: string | undefined): void {
    const isFailing = problem !== undefined
    // That the end of the run cut it off says nothing of it.
    if (isFailing === this.#isFailing || this.#signal.aborted) return
    this.#isFailing = isFailing
    const name = receiverText(this.#receiver)
    if (isFailing)
      this.#options.report(`cannot notify ${name}: ${problem}; tried again, and not logged again`, 'warn')
    else this.#options.report(`${name} takes notifications again`, 'info')
  }
}
