import type { GuestRequirement } from '../../host/migration.ts'
import type { HostReport } from '../report/host-report.ts'
import type { Order, OrderEvent } from './order.ts'

/**
 * What the agents of a fleet share: NATS with JetStream, or the memory of one process for simulations and tests. Both pass
 * the suite in test/support/fleet-bus-conformance.ts. Each call rejects with `ERR_FLEET_BUS` while it cannot be reached, and
 * with `ERR_ALREADY_CLOSED` after it was closed.
 */
export interface FleetBus extends AsyncDisposable {
  /** Writes this host's report; it is gone when it was not written anew for {@link FleetBusOptions.reportAge}. */
  report(report: HostReport): Promise<void>
  /** All reports that are there now; `age`: milliseconds since they were written, by the bus's own clock. */
  reports(): Promise<readonly AgedReport[]>
  /** A requirement by its key, so that every host can answer it. */
  require(key: string, requirement: GuestRequirement): Promise<void>
  requirements(): Promise<ReadonlyMap<string, GuestRequirement>>
  /**
   * Takes the lease, or renews it: compare-and-set on its revision. Undefined: another has it. It runs out by itself when
   * it is not renewed for {@link FleetBusOptions.leaseAge}. Its `revision` never falls, and rises each time that the lease
   * changes hands: it fences orders.
   */
  lease(holder: LeaseHolder): Promise<Lease | undefined>
  /** Who has it now. */
  leader(): Promise<Lease | undefined>
  release(lease: Lease): Promise<void>
  /** Writes down what hosts are to do. Orders are kept, and found again by who leads next. */
  order(order: Order): Promise<void>
  /** What became of an order, written by the host that does it. */
  tell(event: OrderEvent): Promise<void>
  /** What was told of an order last, also when it is over; undefined: nothing, or it was over more than a thousand orders ago. */
  told(order: string): Promise<OrderEvent | undefined>
  /** All orders that are not over, with what was told of them, oldest first. */
  open(): Promise<readonly OpenOrder[]>
  /**
   * Hands each order for `host` to `handle`, in the order in which they were given, each at least once; once more after a
   * restart while nobody told that it is over, and once more when `handle` rejected. It does not wait for one to be handled
   * before it hands over the next: one that ends another must get through. Returns the function that stops it.
   */
  take(host: string, handle: (order: Order) => Promise<void>): Promise<() => Promise<void>>
  /** What people ask of the fleet (drain, rules, pause) and what it has done: see each type. */
  readonly settings: SharedValue<FleetSettings>
  /** Appends one FleetTick, as JSON, to the fleet's history. */
  remember(tick: unknown): Promise<void>
  /** What is remembered of ticks whose `wallTime` is `since` or later, oldest first. */
  history(since: number): AsyncIterable<unknown>
  /** Told when the bus is lost and found again. Returns the function that stops it. */
  watch(listener: (state: 'connected' | 'disconnected') => void): () => void
}

export interface FleetBusOptions {
  /** Milliseconds after which a report that is not renewed is gone. Default 30,000. */
  readonly reportAge?: number | undefined
  /** Milliseconds after which a lease that is not renewed is free. Default 10,000. */
  readonly leaseAge?: number | undefined
}

export interface AgedReport {
  readonly report: HostReport
  readonly age: number
}

/** A program that leads or wants to: the UUID of its host, where it has one, and what people call that. */
export interface LeaseHolder {
  readonly host: string
  readonly name?: string | undefined
  readonly instance: string
}

export interface Lease extends LeaseHolder {
  readonly revision: number
}

export interface OpenOrder {
  readonly order: Order
  readonly events: readonly OrderEvent[]
}

/** A value that several programs change: by compare-and-set. */
export interface SharedValue<T> {
  read(): Promise<T>
  /** Applies `change` to the newest value, again if another was faster; gives what was written. */
  update(change: (value: T) => T): Promise<T>
}

/** What people have asked of the fleet. */
export interface FleetSettings {
  /** Hosts that are to be empty, by UUID, with when and by whom it was asked. */
  readonly draining: Readonly<Record<string, { readonly since: number; readonly by: string }>>
  /** Nothing is moved while it is set. */
  readonly paused?: { readonly since: number; readonly by: string } | undefined
  /**
   * Guests that somebody wants on a host, both by UUID. The leader takes each out once it is done, or cannot be.
   * Default: none.
   */
  readonly moves?: Readonly<Record<string, MoveRequest>> | undefined
}

/** What `ballast fleet move` asks for. */
export interface MoveRequest {
  readonly to: string
  readonly since: number
  readonly by: string
}
