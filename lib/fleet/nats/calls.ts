import { BallastError } from '../../host/errors.ts'
import { busError } from './bus-error.ts'

export type ConnectionState = 'connected' | 'disconnected'

/** The calls of one program to its bus: each ends, also when the connection is lost under it or was closed before it. */
export class Calls {
  readonly #listeners = new Set<(state: ConnectionState) => void>()
  /** Ends the calls that are under way when the connection is lost: no answer comes to them any more. */
  readonly #underWay = new Set<(error: BallastError) => void>()
  #state: ConnectionState = 'connected'
  #isClosed = false

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** No call gets through from now on. */
  close(): void {
    this.#isClosed = true
  }

  watch(listener: (state: ConnectionState) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  is(state: ConnectionState): void {
    if (state === this.#state || this.#isClosed) return
    this.#state = state
    for (const listener of this.#listeners) listener(state)
    if (state === 'connected') return
    const lost = new BallastError(
      'ERR_FLEET_BUS',
      'The connection to NATS was lost during the call: whether it was done is unknown',
    )
    for (const end of this.#underWay) end(lost)
  }

  /** Does `work`; rejects with an error of ours, for which `call` is what was tried. */
  async try<T>(call: string, work: () => Promise<T>): Promise<T> {
    this.#check(call)
    let end = (_: BallastError) => {}
    const lost = new Promise<never>((_, reject) => {
      end = reject
    })
    this.#underWay.add(end)
    try {
      return await Promise.race([work(), lost])
    } catch (error) {
      if (error instanceof TypeError) throw error
      throw busError(error, call)
    } finally {
      this.#underWay.delete(end)
    }
  }

  #check(call: string): void {
    if (this.#isClosed) throw new BallastError('ERR_ALREADY_CLOSED', `The bus was closed: ${call}`)
    if (this.#state === 'disconnected') {
      throw new BallastError('ERR_FLEET_BUS', `The connection to NATS is lost, and tried anew: ${call}`)
    }
  }
}
