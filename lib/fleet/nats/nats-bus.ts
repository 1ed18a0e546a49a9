import type { StreamInfo } from '@nats-io/jetstream'
import { BallastError } from '../../host/errors.ts'
import type { GuestRequirement } from '../../host/migration.ts'
import type {
  AgedReport,
  FleetBus,
  FleetSettings,
  Lease,
  LeaseHolder,
  OpenOrder,
  SharedValue,
} from '../bus/fleet-bus.ts'
import type { Order, OrderEvent } from '../bus/order.ts'
import type { HostReport } from '../report/host-report.ts'
import { readHostReport } from '../report/read-report.ts'
import { AnswerSets, type WrittenReport } from './answer-sets.ts'
import { BusClock } from './bus-clock.ts'
import { busError, isTooLate } from './bus-error.ts'
import { Calls, type ConnectionState } from './calls.ts'
import { Key, sharedValue } from './compare-and-set.ts'
import { callTimeout, connectNats, type NatsClients } from './connection.ts'
import { Followers } from './followers.ts'
import { FleetHistory } from './history.ts'
import { FleetLease, type WrittenLease } from './lease.ts'
import { checkNatsOptions, type NatsOptions } from './nats-options.ts'
import { Newest } from './newest.ts'
import { OrderBook } from './order-book.ts'
import { OrderTaker } from './order-taker.ts'
import { pack, unpackObject } from './packing.ts'
import { Reporter } from './reporter.ts'
import { Requirements } from './requirements.ts'
import { type Ages, lastOf, openStreams } from './streams.ts'
import { Subjects } from './subjects.ts'
import { Tail } from './tail.ts'

/** Bytes of a message that its headers may take. */
const headersSize = 4_096

/**
 * A fleet's bus on NATS with JetStream: reports, requirements, lease and settings in key-value buckets, orders with what
 * is told of them and the history in streams, all made where they are missing and this user may. docs/fleet.md has the
 * rights that each kind of program needs.
 *
 * @throws `ERR_FLEET_BUS` when no server answers, `ERR_FLEET_JETSTREAM` when it has no JetStream, `ERR_FLEET_PERMISSION`,
 *   and `ERR_FLEET_VERSION` when what is there is of a newer version; `TypeError` for a wrong option.
 */
export function natsBus(options: NatsOptions): Promise<FleetBus> {
  return openBus(options, 3_600_000)
}

/** {@link natsBus}, with the milliseconds that a requirement stays. */
export async function openBus(options: NatsOptions, requirement: number): Promise<FleetBus> {
  checkNatsOptions(options)
  const { fleet = 'default', reportAge = 30_000, leaseAge = 10_000 } = options
  const subjects = new Subjects(fleet)
  const ages = { report: reportAge, lease: leaseAge, requirement }
  const nats = await connectNats(options)
  try {
    const infos = await openStreams(nats, subjects, ages)
    return new NatsBus(nats, subjects, ages, infos)
  } catch (error) {
    await nats.connection.close()
    throw busError(error, `open the streams of the fleet ${fleet}`)
  }
}

class NatsBus implements FleetBus {
  readonly settings: SharedValue<FleetSettings>
  readonly #nats: NatsClients
  readonly #subjects: Subjects
  readonly #ages: Ages
  readonly #clock = new BusClock()
  readonly #history: FleetHistory
  readonly #calls = new Calls()
  readonly #followers = new Followers()
  readonly #takers = new Set<OrderTaker>()
  readonly #orders = new OrderBook()
  readonly #reporter: Reporter
  readonly #requirements: Requirements
  readonly #answers: AnswerSets
  #lease: FleetLease

  constructor(nats: NatsClients, subjects: Subjects, ages: Ages, infos: ReadonlyMap<string, StreamInfo>) {
    this.#nats = nats
    this.#subjects = subjects
    this.#ages = ages
    this.#lease = this.#leaseOf(infos)
    this.#reporter = new Reporter(nats, subjects)
    this.#requirements = new Requirements(this.#on, subjects.requirements, ages.requirement, this.#followers)
    this.#answers = new AnswerSets(this.#on, subjects.answers, ages.requirement, this.#followers)
    this.#history = new FleetHistory(nats, this.#clock, subjects)
    const settings = sharedValue(new Key<FleetSettings>(nats, subjects.settings, 'settings'), {
      draining: {},
    })
    this.settings = {
      read: () => this.#calls.try('read the settings of the fleet', () => settings.read()),
      update: (change) => this.#calls.try('change the settings of the fleet', () => settings.update(change)),
    }
    void this.#follow()
  }

  report(report: HostReport): Promise<void> {
    return this.#calls.try('report', async () => {
      const answersUnder = await this.#answers.write(report.answers)
      const data = pack(answersUnder === undefined ? report : { ...report, answers: {}, answersUnder })
      const most = (this.#nats.connection.info?.max_payload ?? 2 ** 20) - headersSize
      if (data.length > most) {
        throw new BallastError(
          'ERR_FLEET_BUS',
          `The report of ${report.guests.length} guests takes ${data.length} bytes, and NATS takes ${most}: ` +
            'raise max_payload in its configuration',
        )
      }
      await this.#requirements.renew(report)
      await this.#reporter.write(report.host, data)
    })
  }

  reports(): Promise<readonly AgedReport[]> {
    return this.#calls.try('read the reports', async () => {
      const { reports } = this.#subjects
      const newest = this.#followers.get('reports', () => new Newest(this.#on, reports, readReport))
      const values = await newest.values(await lastOf(this.#nats, reports.stream), callTimeout)
      const young = [...values.values()]
        .map(({ value, time }) => ({ report: value, age: this.#clock.age(time) }))
        .filter(({ age }) => age < this.#ages.report)
      return await this.#answers.within(young)
    })
  }

  require(key: string, requirement: GuestRequirement): Promise<void> {
    return this.#calls.try('write a requirement', () => this.#requirements.write(key, requirement))
  }

  requirements(): Promise<ReadonlyMap<string, GuestRequirement>> {
    return this.#calls.try('read the requirements', () => this.#requirements.read())
  }

  lease(holder: LeaseHolder): Promise<Lease | undefined> {
    return this.#calls.try('take the lease of the fleet', () => this.#lease.take(holder))
  }

  leader(): Promise<Lease | undefined> {
    return this.#calls.try('read the lease of the fleet', () => this.#lease.holder())
  }

  release(lease: Lease): Promise<void> {
    return this.#calls.try('release the lease of the fleet', () => this.#lease.release(lease))
  }

  order(order: Order): Promise<void> {
    return this.#calls.try('give an order', async () => {
      try {
        const expect = { lastSubjectSequence: 0 }
        await this.#nats.client.publish(this.#subjects.order(order.host, order.id), pack(order), { expect })
      } catch (error) {
        // It was given before.
        if (!isTooLate(error)) throw error
      }
    })
  }

  tell(event: OrderEvent): Promise<void> {
    return this.#calls.try('tell of an order', async () => {
      await this.#nats.client.publish(this.#subjects.event(event.host, event.order, event.state), pack(event))
    })
  }

  told(order: string): Promise<OrderEvent | undefined> {
    return this.#calls.try('read what was told of an order', async () => (await this.#book()).told(order))
  }

  open(): Promise<readonly OpenOrder[]> {
    return this.#calls.try('read the orders', async () => (await this.#book()).open)
  }

  take(host: string, handle: (order: Order) => Promise<void>): Promise<() => Promise<void>> {
    return this.#calls.try('hear orders', async () => {
      const taker = new OrderTaker(this.#on, this.#subjects, host, handle)
      this.#takers.add(taker)
      const stop = async () => {
        taker.stop()
        this.#takers.delete(taker)
      }
      try {
        await taker.hears(callTimeout)
        return stop
      } catch (error) {
        await stop()
        throw error
      }
    })
  }

  remember(tick: unknown): Promise<void> {
    return this.#calls.try('append to the history of the fleet', () => this.#history.append(tick))
  }

  async *history(since: number): AsyncGenerator<unknown> {
    yield* await this.#calls.try('read the history of the fleet', () => this.#history.since(since))
  }

  watch(listener: (state: ConnectionState) => void): () => void {
    return this.#calls.watch(listener)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#calls.isClosed) return
    this.#calls.close()
    for (const taker of this.#takers) taker.stop()
    this.#followers.stop()
    // Of what was written nothing waits, since each call waited for its answer; a server that is away takes nothing.
    await this.#nats.connection.close()
  }

  get #on() {
    return { ...this.#nats, clock: this.#clock }
  }

  #leaseOf(infos: ReadonlyMap<string, StreamInfo>): FleetLease {
    const { lease } = this.#subjects
    const key = new Key<WrittenLease>(this.#nats, lease, 'leader')
    return new FleetLease(key, Date.parse(infos.get(lease.stream)!.created))
  }

  /** The orders, up to all that was written before. */
  async #book(): Promise<OrderBook> {
    const { orders: stream, ofHosts: subject } = this.#subjects
    const tail = this.#followers.get(
      'orders',
      () =>
        new Tail(this.#on, {
          stream,
          subject,
          from: 'all',
          begin: () => this.#orders.clear(),
          message: (message) => void this.#orders.take(message),
          caughtUp: () => {},
        }),
    )
    await tail.reached(await lastOf(this.#nats, stream), callTimeout)
    return this.#orders
  }

  /** Tells of the connection as it goes and comes, until it is closed. */
  async #follow(): Promise<void> {
    for await (const { type } of this.#nats.connection.status()) {
      if (type === 'disconnect') this.#calls.is('disconnected')
      if (type === 'reconnect') await this.#resume()
    }
  }

  /** Another server, or one that lost what it kept, is made ready; what is followed begins anew. */
  async #resume(): Promise<void> {
    try {
      this.#lease = this.#leaseOf(await openStreams(this.#nats, this.#subjects, this.#ages))
    } catch {
      // Each call says what is wrong.
    }
    if (this.#calls.isClosed || this.#nats.connection.isClosed()) return
    this.#answers.forget()
    this.#followers.restart()
    for (const taker of this.#takers) taker.restart()
    this.#calls.is('connected')
  }
}

/** A report, under the key of the host that it is of; undefined: something else, or of a program that is none of ours. */
function readReport(key: string, data: Uint8Array): WrittenReport | undefined {
  const report = readHostReport(unpackObject(data))
  return report?.host === key ? report : undefined
}
