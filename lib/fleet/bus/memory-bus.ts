import { BallastError } from '../../host/errors.ts'
import type { Clock } from '../../host/host.ts'
import type { GuestRequirement } from '../../host/migration.ts'
import type { HostReport } from '../report/host-report.ts'
import type {
  AgedReport,
  FleetBus,
  FleetBusOptions,
  FleetSettings,
  Lease,
  LeaseHolder,
  OpenOrder,
  SharedValue,
} from './fleet-bus.ts'
import { isOver, type Order, type OrderEvent } from './order.ts'

/** Milliseconds until an order whose handling failed is handed over once more. */
const redelivery = 1_000

/** Events of so many orders are kept. */
const rememberedOrders = 2_000
/** So many ticks are. */
const rememberedTicks = 10_000

interface Delivery {
  readonly order: Order
  /** Connections whose handler took it. */
  readonly takenBy: Set<object>
}

interface Taker {
  readonly host: string
  readonly connection: Connection
  handOver(delivery: Delivery): void
}

/**
 * A bus in the memory of one process, on a clock of the caller's, for simulations and tests: every program of a fleet
 * {@link connect}s to it. It can be cut off from one of them, or from all.
 */
export class MemoryBus {
  readonly clock: Clock
  readonly reportAge: number
  readonly leaseAge: number
  readonly reports = new Map<string, { readonly report: HostReport; readonly at: number }>()
  readonly requirements = new Map<string, GuestRequirement>()
  readonly deliveries: Delivery[] = []
  readonly events = new Map<string, OrderEvent[]>()
  readonly takers = new Set<Taker>()
  readonly ticks: unknown[] = []
  settings: FleetSettings = { draining: {} }
  readonly #connections = new Set<Connection>()
  #lease: { readonly lease: Lease; readonly renewed: number } | undefined
  #revision = 0

  constructor(clock: Clock, { reportAge = 30_000, leaseAge = 10_000 }: FleetBusOptions = {}) {
    this.clock = clock
    this.reportAge = reportAge
    this.leaseAge = leaseAge
  }

  /** Who has the lease now. */
  get lease(): Lease | undefined {
    const held = this.#lease
    return held !== undefined && this.clock.now() - held.renewed < this.leaseAge ? held.lease : undefined
  }

  /** One program's connection. */
  connect(): FleetBus & { cut(): void; mend(): void } {
    const connection = new Connection(this)
    this.#connections.add(connection)
    return connection
  }

  /** From now on no call of any program gets through. */
  cut(): void {
    for (const connection of this.#connections) connection.cut()
  }

  /** All calls get through again. */
  mend(): void {
    for (const connection of this.#connections) connection.mend()
  }

  takeLease(holder: LeaseHolder): Lease | undefined {
    const { lease } = this
    if (lease !== undefined && !isSameHolder(lease, holder)) return undefined
    const revision = lease?.revision ?? ++this.#revision
    this.#lease = {
      lease: { host: holder.host, name: holder.name, instance: holder.instance, revision },
      renewed: this.clock.now(),
    }
    return this.#lease.lease
  }

  releaseLease(lease: Lease): void {
    if (this.#lease?.lease.revision === lease.revision) this.#lease = undefined
  }

  isOpen(order: string): boolean {
    return !(this.events.get(order) ?? []).some(isOver)
  }

  forget(connection: Connection): void {
    this.#connections.delete(connection)
  }
}

class Connection implements FleetBus {
  readonly #bus: MemoryBus
  readonly #listeners = new Set<(state: 'connected' | 'disconnected') => void>()
  readonly #takers = new Set<Taker>()
  #isCut = false
  #isClosed = false

  constructor(bus: MemoryBus) {
    this.#bus = bus
  }

  cut(): void {
    if (this.#isCut) return
    this.#isCut = true
    for (const listener of this.#listeners) listener('disconnected')
  }

  mend(): void {
    if (!this.#isCut) return
    this.#isCut = false
    for (const listener of this.#listeners) listener('connected')
    for (const taker of this.#takers) for (const delivery of this.#bus.deliveries) taker.handOver(delivery)
  }

  async report(report: HostReport): Promise<void> {
    this.#check('report')
    this.#bus.reports.set(report.host, { report, at: this.#bus.clock.now() })
  }

  async reports(): Promise<readonly AgedReport[]> {
    this.#check('reports')
    const { clock, reportAge, reports } = this.#bus
    const now = clock.now()
    for (const [host, { at }] of reports) if (now - at >= reportAge) reports.delete(host)
    return [...reports.values()].map(({ report, at }) => ({ report, age: now - at }))
  }

  async require(key: string, requirement: GuestRequirement): Promise<void> {
    this.#check('require')
    this.#bus.requirements.set(key, requirement)
  }

  async requirements(): Promise<ReadonlyMap<string, GuestRequirement>> {
    this.#check('requirements')
    return new Map(this.#bus.requirements)
  }

  async lease(holder: LeaseHolder): Promise<Lease | undefined> {
    this.#check('lease')
    return this.#bus.takeLease(holder)
  }

  async leader(): Promise<Lease | undefined> {
    this.#check('leader')
    return this.#bus.lease
  }

  async release(lease: Lease): Promise<void> {
    this.#check('release')
    this.#bus.releaseLease(lease)
  }

  async order(order: Order): Promise<void> {
    this.#check('order')
    if (this.#bus.deliveries.some((delivery) => delivery.order.id === order.id)) return
    const delivery = { order, takenBy: new Set<object>() }
    this.#bus.deliveries.push(delivery)
    for (const taker of this.#bus.takers) if (taker.host === order.host) taker.handOver(delivery)
  }

  async tell(event: OrderEvent): Promise<void> {
    this.#check('tell')
    const { events } = this.#bus
    const told = events.get(event.order)
    if (told === undefined) events.set(event.order, [event])
    else told.push(event)
    if (!isOver(event)) return
    while (events.size > rememberedOrders) events.delete(events.keys().next().value!)
    // What is over is never handed over again: nothing has to look at it.
    const index = this.#bus.deliveries.findIndex(({ order }) => order.id === event.order)
    if (index !== -1) this.#bus.deliveries.splice(index, 1)
  }

  async told(order: string): Promise<OrderEvent | undefined> {
    this.#check('told')
    return this.#bus.events.get(order)?.at(-1)
  }

  async open(): Promise<readonly OpenOrder[]> {
    this.#check('open')
    return this.#bus.deliveries.map(({ order }) => ({
      order,
      events: [...(this.#bus.events.get(order.id) ?? [])],
    }))
  }

  async take(host: string, handle: (order: Order) => Promise<void>): Promise<() => Promise<void>> {
    this.#check('take')
    const taker: Taker = {
      host,
      connection: this,
      handOver: (delivery) => {
        const { order, takenBy } = delivery
        if (order.host !== host || this.#isCut || this.#isClosed || takenBy.has(taker)) return
        if (!this.#bus.isOpen(order.id)) return
        takenBy.add(taker)
        const retry = async () => {
          takenBy.delete(taker)
          const { clock } = this.#bus
          await clock.sleepUntil(clock.now() + redelivery)
          if (this.#takers.has(taker)) taker.handOver(delivery)
        }
        queueMicrotask(() => void handle(order).catch(retry))
      },
    }
    this.#takers.add(taker)
    this.#bus.takers.add(taker)
    for (const delivery of this.#bus.deliveries) taker.handOver(delivery)
    return async () => this.#stop(taker)
  }

  readonly settings: SharedValue<FleetSettings> = {
    read: async () => {
      this.#check('settings')
      return this.#bus.settings
    },
    update: async (change) => {
      this.#check('settings')
      this.#bus.settings = change(this.#bus.settings)
      return this.#bus.settings
    },
  }

  async remember(tick: unknown): Promise<void> {
    this.#check('remember')
    this.#bus.ticks.push(tick)
    if (this.#bus.ticks.length > rememberedTicks) this.#bus.ticks.shift()
  }

  async *history(since: number): AsyncGenerator<unknown> {
    this.#check('history')
    for (const tick of [...this.#bus.ticks]) if (wallTimeOf(tick) >= since) yield tick
  }

  watch(listener: (state: 'connected' | 'disconnected') => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const taker of [...this.#takers]) this.#stop(taker)
    this.#isClosed = true
    this.#bus.forget(this)
  }

  #stop(taker: Taker): void {
    this.#takers.delete(taker)
    this.#bus.takers.delete(taker)
  }

  #check(call: string): void {
    if (this.#isClosed) throw new BallastError('ERR_ALREADY_CLOSED', `The bus was closed before ${call}()`)
    if (this.#isCut) throw new BallastError('ERR_FLEET_BUS', `The bus cannot be reached: ${call}()`)
  }
}

function isSameHolder(a: LeaseHolder, b: LeaseHolder): boolean {
  return a.host === b.host && a.instance === b.instance
}

/** Milliseconds since the epoch; what has none is as old as can be. */
function wallTimeOf(tick: unknown): number {
  const known = typeof tick === 'object' && tick !== null && 'wallTime' in tick ? tick.wallTime : undefined
  return typeof known === 'number' ? known : Number.NEGATIVE_INFINITY
}
