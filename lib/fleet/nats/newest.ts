import type { Bucket } from './subjects.ts'
import { Tail, type TailConnection } from './tail.ts'

/** Header by which a bucket's client marks a key as deleted. */
export const operationHeader = 'KV-Operation'

export interface Kept<T> {
  readonly value: T
  /** When the server stored it, in milliseconds since the epoch. */
  readonly time: number
}

/** The newest value of each key of a bucket, as far as `read` makes something of it: followed, so that reading asks for nothing. */
export class Newest<T> {
  readonly #tail: Tail
  #values = new Map<string, Kept<T>>()
  /** While all is handed out anew the old values stay. */
  #next = this.#values

  constructor(on: TailConnection, bucket: Bucket, read: (key: string, data: Uint8Array) => T | undefined) {
    this.#tail = new Tail(on, {
      stream: bucket.stream,
      subject: bucket.all,
      from: 'newest',
      begin: () => {
        this.#next = new Map()
      },
      message: ({ subject, data, header, time }) => {
        const key = bucket.keyOf(subject)
        const value = header(operationHeader) === undefined ? read(key, data) : undefined
        if (value === undefined) this.#next.delete(key)
        else this.#next.set(key, { value, time })
      },
      caughtUp: () => {
        this.#values = this.#next
      },
    })
  }

  /** All that was written up to this sequence number of the stream. */
  async values(sequence: number, patience: number): Promise<Map<string, Kept<T>>> {
    await this.#tail.reached(sequence, patience)
    return this.#values
  }

  /** What has come so far. */
  get known(): ReadonlyMap<string, Kept<T>> {
    return this.#values
  }

  restart(): void {
    void this.#tail.restart()
  }

  stop(): void {
    this.#tail.stop()
  }
}
