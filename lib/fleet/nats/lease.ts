import type { Lease, LeaseHolder } from '../bus/fleet-bus.ts'
import type { Key } from './compare-and-set.ts'

/** What is in the key: who has it, and the sequence number at which it was taken; 0: at this one. */
export interface WrittenLease extends LeaseHolder {
  readonly since: number
}

/**
 * The lease of a fleet, in a key that runs out by itself. Its revision is the sequence number at which it was taken, and
 * the milliseconds at which the stream was made: nobody writes once in a millisecond, so a NATS that lost all it kept goes
 * on with higher ones, and fences older orders.
 */
export class FleetLease {
  readonly #key: Key<WrittenLease>
  readonly #created: number

  /** `created`: when the stream was made, in milliseconds since the epoch. */
  constructor(key: Key<WrittenLease>, created: number) {
    this.#key = key
    this.#created = created
  }

  /** Takes it, or renews it; undefined: another has it. */
  async take({ host, name, instance }: LeaseHolder): Promise<Lease | undefined> {
    const { value, sequence } = await this.#key.read()
    if (value !== undefined && (value.host !== host || value.instance !== instance)) return undefined
    const since = value === undefined ? 0 : value.since || sequence
    const written = await this.#key.write({ host, name, instance, since }, sequence)
    return written === undefined
      ? undefined
      : { host, name, instance, revision: this.#created + (since || written) }
  }

  async holder(): Promise<Lease | undefined> {
    return (await this.#read())?.lease
  }

  /** Gives it back, unless another program has it now. */
  async release({ revision }: Lease): Promise<void> {
    const held = await this.#read()
    if (held?.lease.revision === revision) await this.#key.delete(held.sequence)
  }

  async #read(): Promise<{ readonly lease: Lease; readonly sequence: number } | undefined> {
    const { value, sequence } = await this.#key.read()
    if (value === undefined) return undefined
    const { host, name, instance, since } = value
    return { lease: { host, name, instance, revision: this.#created + (since || sequence) }, sequence }
  }
}
