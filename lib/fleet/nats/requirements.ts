import type { GuestRequirement } from '../../host/migration.ts'
import type { HostReport } from '../report/host-report.ts'
import { callTimeout, type NatsClients } from './connection.ts'
import type { Followers } from './followers.ts'
import { Newest } from './newest.ts'
import { pack, unpackObject } from './packing.ts'
import { lastOf } from './streams.ts'
import type { Bucket } from './subjects.ts'
import type { TailConnection } from './tail.ts'

/** What guests need of a host, by a key of what it is: kept for so long, and written anew before that is over. */
export class Requirements {
  readonly #on: NatsClients & TailConnection
  readonly #bucket: Bucket
  /** Milliseconds that one stays. */
  readonly #age: number
  readonly #followers: Followers

  constructor(on: NatsClients & TailConnection, bucket: Bucket, age: number, followers: Followers) {
    this.#on = on
    this.#bucket = bucket
    this.#age = age
    this.#followers = followers
  }

  async write(key: string, requirement: GuestRequirement): Promise<void> {
    await this.#on.client.publish(this.#bucket.of(key), pack(requirement))
  }

  /** All that were written before and have not run out. */
  async read(): Promise<ReadonlyMap<string, GuestRequirement>> {
    const values = await this.#newest.values(await lastOf(this.#on, this.#bucket.stream), callTimeout)
    return new Map(
      [...values]
        .filter(([, { time }]) => this.#on.clock.age(time) < this.#age)
        .map(([key, { value }]) => [key, value]),
    )
  }

  /** What the guests of a host need is written anew in time, so that no host forgets what it has answered. */
  async renew({ guests }: HostReport): Promise<void> {
    if (!this.#followers.has('requirements')) return
    const { known } = this.#newest
    for (const key of new Set(guests.map(({ requirement }) => requirement))) {
      const kept = key === undefined ? undefined : known.get(key)
      if (!kept || this.#on.clock.age(kept.time) < this.#age / 3) continue
      await this.write(key!, kept.value)
    }
  }

  get #newest(): Newest<GuestRequirement> {
    return this.#followers.get(
      'requirements',
      () => new Newest(this.#on, this.#bucket, (_, data) => unpackObject<GuestRequirement>(data)),
    )
  }
}
