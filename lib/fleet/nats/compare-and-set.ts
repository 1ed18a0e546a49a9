import type { SharedValue } from '../bus/fleet-bus.ts'
import { busError, isTooLate } from './bus-error.ts'
import type { NatsClients } from './connection.ts'
import { operationHeader } from './newest.ts'
import { pack, unpack } from './packing.ts'
import type { Bucket } from './subjects.ts'

/** One key of a bucket, read from who leads the stream, and written only over what was read. */
export class Key<T> {
  readonly #nats: NatsClients
  readonly #stream: string
  readonly #subject: string

  constructor(nats: NatsClients, bucket: Bucket, key: string) {
    this.#nats = nats
    this.#stream = bucket.stream
    this.#subject = bucket.of(key)
  }

  /** What it is now, with its sequence number in the stream: 0 when it is not there. */
  async read(): Promise<{ readonly value: T | undefined; readonly sequence: number }> {
    const message = await this.#nats.manager.streams
      .getMessage(this.#stream, { last_by_subj: this.#subject })
      .catch((error) => {
        throw busError(error, `read ${this.#subject}`)
      })
    if (message === null) return { value: undefined, sequence: 0 }
    const isDeleted = message.header.has(operationHeader)
    return { value: isDeleted ? undefined : (unpack(message.data) as T), sequence: message.seq }
  }

  /** Writes over `sequence`; the new one, or undefined when another program wrote since. */
  async write(value: T, sequence: number): Promise<number | undefined> {
    return this.#publish(pack(value), sequence)
  }

  /** Deletes what `sequence` wrote, unless another program wrote since. */
  async delete(sequence: number): Promise<void> {
    await this.#publish(new Uint8Array(), sequence, 'PURGE')
  }

  async #publish(data: Uint8Array, sequence: number, operation?: string): Promise<number | undefined> {
    const { client, headers } = this.#nats
    const marks = headers()
    if (operation !== undefined) marks.set(operationHeader, operation)
    try {
      const { seq } = await client.publish(this.#subject, data, {
        headers: marks,
        expect: { lastSubjectSequence: sequence },
      })
      return seq
    } catch (error) {
      if (isTooLate(error)) return undefined
      throw busError(error, `write ${this.#subject}`)
    }
  }
}

/** A value that several programs change, in a key; `initial` until somebody has. */
export function sharedValue<T>(key: Key<T>, initial: T): SharedValue<T> {
  return {
    read: async () => (await key.read()).value ?? initial,
    update: async (change) => {
      for (;;) {
        const { value, sequence } = await key.read()
        const changed = change(value ?? initial)
        if ((await key.write(changed, sequence)) !== undefined) return changed
      }
    },
  }
}
