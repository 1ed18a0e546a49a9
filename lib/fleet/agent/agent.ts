import { randomUUID } from 'node:crypto'
import { asBallastError, type BallastError } from '../../host/errors.ts'
import type { Clock } from '../../host/host.ts'
import type { GuestRequirement } from '../../host/migration.ts'
import { type Backoff, backoff } from '../../util/backoff.ts'
import type { Migrator } from '../acting/migrator.ts'
import type { FleetBus, Lease, LeaseHolder } from '../bus/fleet-bus.ts'
import type { Order, OrderEvent } from '../bus/order.ts'
import type { ReportBody } from '../report/host-facts.ts'
import { type HostReport, type MigrationReport, reportVersion } from '../report/host-report.ts'
import { requirementKey } from '../report/requirement-key.ts'
import { Answers } from './answers.ts'
import { OrderDesk } from './order-desk.ts'

/** Between attempts to hear orders from a bus that is not there. */
const pauses: Backoff = { first: 1_000, longest: 30_000 }
/** Milliseconds for which a report says that another agent has reported under the host's UUID. */
const duplicateFor = 60_000

export interface AgentOptions {
  readonly bus: FleetBus
  readonly clock: Clock
  /** The host's UUID. */
  readonly host: string
  /** What people call the host, for its lease. Default: it is named by its UUID. */
  readonly name?: string | undefined
  /** Names this process among all that were agents of the host. Default: drawn. */
  readonly instance?: string | undefined
  readonly migrator: Migrator
  /** Why the host cannot run a guest that needs this, in words; undefined: it can. */
  readonly problemWith: (requirement: GuestRequirement) => Promise<string | undefined>
  /** The host only watches: every order is refused. Default false. */
  readonly dryRun?: boolean | undefined
  /** Told what happens, for a log. */
  readonly listener?: ((event: AgentEvent) => void) | undefined
}

/** What an agent tells its own program. */
export type AgentEvent =
  | { readonly kind: 'bus'; readonly state: 'connected' | 'disconnected' }
  | { readonly kind: 'order'; readonly order: Order; readonly event: OrderEvent }
  /** Who leads, as it was after a report; undefined: nobody. */
  | { readonly kind: 'leader'; readonly lease: Lease | undefined }
  /** The host cannot say whether it can run guests of others: told once, until it can. */
  | { readonly kind: 'unanswered'; readonly error: BallastError }
  /** A call to the bus failed. It is tried again. */
  | { readonly kind: 'failed'; readonly error: BallastError }

/** What a host does as a member of a fleet. No call waits for the bus, and none fails: the host's own loop goes on. */
export interface FleetAgent extends AsyncDisposable, LeaseHolder {
  /** Writes what the host's last Tick shows; when the last one is not written yet, the newest comes next. */
  report(body: ReportBody): void
  /** Makes known what a guest of this host needs; gives the key for its report. */
  require(requirement: GuestRequirement): string
}

/** Makes a host a member of a fleet, until it is disposed of: what it migrates then is ended, and the guest stays. */
export function runAgent(options: AgentOptions): FleetAgent {
  return new Agent(options)
}

class Agent implements FleetAgent {
  readonly host: string
  readonly instance: string
  readonly name: string | undefined
  readonly #options: AgentOptions
  readonly #desk: OrderDesk
  readonly #answers: Answers
  readonly #ended = new AbortController()
  readonly #unwatch: () => void
  readonly #taking: Promise<(() => Promise<void>) | undefined>
  /** What the guests of this host need, by its key. */
  readonly #requirements = new Map<string, GuestRequirement>()
  #next: ReportBody | undefined
  #isWriting = false
  #cannotAnswer = false
  #sequence = 0
  #duplicateAt = Number.NEGATIVE_INFINITY

  constructor(options: AgentOptions) {
    const { bus, clock, host, instance = randomUUID(), migrator, dryRun = false } = options
    this.host = host
    this.instance = instance
    this.name = options.name
    this.#options = options
    this.#answers = new Answers(options.problemWith, clock)
    const told = (order: Order, event: OrderEvent) => options.listener?.({ kind: 'order', order, event })
    this.#desk = new OrderDesk({ bus, clock, host, migrator, dryRun, told, signal: this.#ended.signal })
    this.#unwatch = bus.watch((state) => options.listener?.({ kind: 'bus', state }))
    this.#taking = this.#take()
  }

  report(body: ReportBody): void {
    this.#next = body
    if (!this.#isWriting) void this.#write()
  }

  require(requirement: GuestRequirement): string {
    const key = requirementKey(requirement)
    this.#requirements.set(key, requirement)
    return key
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#ended.signal.aborted) return
    this.#unwatch()
    const ending = this.#desk.end()
    this.#ended.abort()
    await ending
    const stop = await this.#taking
    await stop?.()
  }

  async #take(): Promise<(() => Promise<void>) | undefined> {
    const { bus, clock, host } = this.#options
    const { signal } = this.#ended
    for (let failures = 1; !signal.aborted; failures++) {
      try {
        return await bus.take(host, (order) => this.#desk.take(order))
      } catch (error) {
        this.#failed(error)
        await clock.sleepUntil(clock.now() + backoff(failures, pauses), signal).catch(() => {})
      }
    }
    return undefined
  }

  async #write(): Promise<void> {
    this.#isWriting = true
    const { bus } = this.#options
    for (let body = this.#next; body && !this.#ended.signal.aborted; body = this.#next) {
      this.#next = undefined
      try {
        const known = new Map(await bus.requirements())
        for (const [key, requirement] of this.#requirements) {
          if (known.has(key)) continue
          await bus.require(key, requirement)
          known.set(key, requirement)
        }
        this.#unanswered(await this.#answers.see(known))
        await bus.report(this.#reportOf(body))
        const lease = await bus.leader()
        if (lease) this.#desk.saw(lease.revision)
        this.#options.listener?.({ kind: 'leader', lease })
      } catch (error) {
        this.#failed(error)
      }
    }
    this.#isWriting = false
  }

  #reportOf(body: ReportBody): HostReport {
    const orders = this.#desk.orders
    return {
      ...body,
      version: reportVersion,
      instance: this.instance,
      sequence: this.#sequence++,
      ...(this.#options.clock.now() - this.#duplicateAt < duplicateFor && { duplicate: true }),
      migrations: withOrders(body, orders),
      answers: this.#answers.all,
    }
  }

  #unanswered(error: BallastError | undefined): void {
    if (error && !this.#cannotAnswer) this.#options.listener?.({ kind: 'unanswered', error })
    this.#cannotAnswer = error !== undefined
  }

  #failed(error: unknown): void {
    const failure = asBallastError(error)
    if (failure.code === 'ERR_FLEET_DUPLICATE') this.#duplicateAt = this.#options.clock.now()
    if (!this.#ended.signal.aborted) this.#options.listener?.({ kind: 'failed', error: failure })
  }
}

/** The migrations of a host with the orders that they carry out, and those that libvirt does not show yet. */
function withOrders(
  { migrations, guests }: ReportBody,
  orders: ReadonlyMap<string, string>,
): readonly MigrationReport[] {
  const shown = new Set<string>()
  const known = migrations.map((migration): MigrationReport => {
    if (migration.direction === 'in') return migration
    shown.add(migration.guest)
    return { ...migration, order: orders.get(migration.guest) ?? migration.order }
  })
  const others = [...orders].flatMap(([guest, order]): MigrationReport[] => {
    const name = guests.find(({ uuid }) => uuid === guest)?.name
    return shown.has(guest) || name === undefined
      ? []
      : [{ guest, name, direction: 'out', order, elapsed: 0 }]
  })
  return [...known, ...others]
}
