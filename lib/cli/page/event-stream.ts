import type { ServerResponse } from 'node:http'

/** Readers at a time; bytes that wait for one, milliseconds that one may read nothing, and between two signs of life. */
const limits = { readers: 64, backlog: 8 * 2 ** 20, stuck: 15_000, alive: 15_000 }

interface Reader {
  readonly response: ServerResponse
  /** Since when what was written to it waits; undefined: it has all. */
  waitsSince: number | undefined
}

/** Readers of server-sent events: each gets every event, or is dropped when it reads too slowly. */
export class EventStream implements Disposable {
  readonly #readers = new Set<Reader>()
  readonly #dropped: () => void
  #alive: NodeJS.Timeout | undefined

  /** `dropped` is called for each reader that was too slow. */
  constructor(dropped: () => void) {
    this.#dropped = dropped
  }

  get isFull(): boolean {
    return this.#readers.size >= limits.readers
  }

  /** Begins an answer with `past` and goes on with what comes. */
  join(response: ServerResponse, past: readonly Buffer[]): void {
    const reader: Reader = { response, waitsSince: undefined }
    // The server would end what is silent.
    response.socket?.setTimeout(0)
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'X-Accel-Buffering': 'no' })
    this.#readers.add(reader)
    response.on('close', () => {
      this.#readers.delete(reader)
      if (this.#readers.size === 0) clearInterval(this.#alive)
    })
    response.on('drain', () => {
      reader.waitsSince = undefined
    })
    if (this.#readers.size === 1) {
      // Whoever has gone without a word is found out, and proxies do not take silence for an end.
      this.#alive = setInterval(() => this.send(aliveEvent), limits.alive).unref()
    }
    response.cork()
    for (const piece of past) this.#write(reader, piece)
    response.uncork()
  }

  /** The same bytes for everybody. */
  send(event: Buffer): void {
    for (const reader of this.#readers) {
      const { response, waitsSince } = reader
      const isStuck = waitsSince !== undefined && performance.now() - waitsSince > limits.stuck
      if (isStuck || response.writableLength > limits.backlog) {
        response.destroy()
        this.#dropped()
      } else this.#write(reader, event)
    }
  }

  [Symbol.dispose](): void {
    clearInterval(this.#alive)
    for (const { response } of this.#readers) response.destroy()
  }

  #write(reader: Reader, piece: Buffer): void {
    if (!reader.response.write(piece)) reader.waitsSince ??= performance.now()
  }
}

/** A comment: nobody hears of it. */
const aliveEvent = Buffer.from(':\n\n')

/** An event with a message, as bytes. */
export function eventOf(message: object): Buffer {
  return Buffer.from(`data: ${JSON.stringify(message)}\n\n`)
}
