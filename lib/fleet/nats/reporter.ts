import { BallastError } from '../../host/errors.ts'
import { isTooLate } from './bus-error.ts'
import type { NatsClients } from './connection.ts'
import type { Subjects } from './subjects.ts'

/** Writes the reports of one agent, and notices when another agent writes to the same place. */
export class Reporter {
  readonly #nats: NatsClients
  readonly #subjects: Subjects
  /** Sequence number of our last report; undefined: there is none that is known. */
  #last: number | undefined

  constructor(nats: NatsClients, subjects: Subjects) {
    this.#nats = nats
    this.#subjects = subjects
  }

  /** Rejects with `ERR_FLEET_DUPLICATE` when another wrote since; this one is written all the same. */
  async write(host: string, data: Uint8Array): Promise<void> {
    const last = this.#last
    // Of one that is not answered, it is not known whether it was written.
    this.#last = undefined
    if (last === undefined) {
      this.#last = await this.#publish(host, data)
      return
    }
    try {
      this.#last = await this.#publish(host, data, last)
    } catch (error) {
      if (!isTooLate(error)) throw error
      this.#last = await this.#publish(host, data)
      // Ours has run out meanwhile.
      if (/: 0$/.test((error as Error).message)) return
      throw new BallastError(
        'ERR_FLEET_DUPLICATE',
        `Another agent reports for the host ${host}: two hosts have one UUID, or Ballast runs twice. Nothing is moved ` +
          'from or to them until it is put right',
      )
    }
  }

  async #publish(host: string, data: Uint8Array, last?: number): Promise<number> {
    const options = last === undefined ? {} : { expect: { lastSubjectSequence: last } }
    return (await this.#nats.client.publish(this.#subjects.reports.of(host), data, options)).seq
  }
}
