import { asBallastError, BallastError } from '../../host/errors.ts'
import type { Clock } from '../../host/host.ts'
import type { MigrationProgress } from '../../host/migration.ts'
import type { Migrator } from '../acting/migrator.ts'
import type { FleetBus } from '../bus/fleet-bus.ts'
import { isOver, type Order, type OrderEvent } from '../bus/order.ts'
import { type Carrying, carryOut, seeToEnd } from './carry-out.ts'
import { Teller } from './teller.ts'

/** Milliseconds between two events that tell how far a migration is. */
const progressEvery = 5_000
/** So many orders that are over are remembered, in case they are delivered once more. */
const remembered = 1_000

export interface OrderDeskOptions {
  readonly bus: FleetBus
  readonly clock: Clock
  readonly host: string
  readonly migrator: Migrator
  /** The host only watches: it moves nothing. */
  readonly dryRun: boolean
  /** Called with each event before it is told. */
  readonly told: (order: Order, event: OrderEvent) => void
  readonly signal: AbortSignal
}

interface Running {
  readonly order: Order
  readonly ending: AbortController
  readonly done: Promise<void>
}

/** Takes a host's orders: refuses those under an older lease, does each once, and tells what becomes of it. */
export class OrderDesk {
  readonly #options: OrderDeskOptions
  readonly #teller: Teller
  readonly #running = new Map<string, Running>()
  /** Orders that are being looked at: one may be handed over twice at once. */
  readonly #taking = new Map<string, Promise<void>>()
  /** Orders that are over: their last event, to be told again. */
  readonly #over = new Map<string, OrderEvent>()
  #fence = 0

  constructor(options: OrderDeskOptions) {
    this.#options = options
    this.#teller = new Teller(options.bus, options.clock, options.signal)
  }

  /** What is being migrated, by the guest's UUID: the id of the order. */
  get orders(): ReadonlyMap<string, string> {
    return new Map([...this.#running.values()].map(({ order }) => [order.request!.guest, order.id]))
  }

  /** A lease was seen: orders under an older one are refused from now on. */
  saw(revision: number): void {
    this.#fence = Math.max(this.#fence, revision)
  }

  /** Resolves when the order is begun, refused or known already; rejects when that could not be told. */
  take(order: Order): Promise<void> {
    const same = this.#taking.get(order.id)
    if (same) return same
    const taking = this.#take(order).finally(() => this.#taking.delete(order.id))
    this.#taking.set(order.id, taking)
    return taking
  }

  async #take(order: Order): Promise<void> {
    if (this.#running.has(order.id)) return
    const over = this.#over.get(order.id)
    if (over) return this.#options.bus.tell(over)
    const lease = await this.#options.bus.leader()
    if (lease) this.saw(lease.revision)
    const refusal = this.#refusalOf(order)
    this.saw(order.fence)
    if (refusal !== undefined) return this.#refuse(order, refusal)
    if (order.kind === 'abort') return this.#abort(order)
    const open = await this.#options.bus.open()
    const events = open.find((one) => one.order.id === order.id)?.events ?? []
    if (events.some(isOver)) return
    const wasBegun = events.some(({ state }) => state === 'begun')
    if (!wasBegun) await this.#tellNow(order, { state: 'begun' })
    this.#begin(order, wasBegun)
  }

  /** Ends what runs; resolves when that is told. */
  async end(): Promise<void> {
    const running = [...this.#running.values()]
    for (const { ending } of running)
      ending.abort(new BallastError('ERR_MIGRATION_ABORTED', 'The agent ends'))
    await Promise.all(running.map(({ done }) => done))
  }

  #refusalOf(order: Order): string | undefined {
    if (order.fence < this.#fence)
      return `It was given under lease ${order.fence}, and there is a lease ${this.#fence}`
    if (this.#options.dryRun) return 'This host only watches'
    if (order.kind === 'migrate' && order.request === undefined) return 'It does not say what to migrate'
    return undefined
  }

  async #refuse(order: Order, message: string): Promise<void> {
    await this.#tellNow(order, { state: 'refused', error: { code: 'ERR_ORDER_REFUSED', message } })
  }

  async #abort(order: Order): Promise<void> {
    const running = order.of === undefined ? undefined : this.#running.get(order.of)
    running?.ending.abort(new BallastError('ERR_MIGRATION_ABORTED', `${order.by} ended it`))
    await this.#tellNow(order, { state: 'done' })
  }

  #begin(order: Order, wasBegun: boolean): void {
    const ending = new AbortController()
    const { clock, migrator } = this.#options
    const request = order.request!
    const carrying = { clock, migrator, request, signal: ending.signal, progress: this.#progressOf(order) }
    const done = this.#carry(order, carrying, wasBegun)
    this.#running.set(order.id, { order, ending, done })
  }

  async #carry(order: Order, carrying: Carrying, wasBegun: boolean): Promise<void> {
    let outcome: Partial<OrderEvent> & Pick<OrderEvent, 'state'>
    try {
      const result = await (wasBegun ? seeToEnd(carrying) : carryOut(carrying))
      outcome = { state: 'done', result }
    } catch (error) {
      const { code, message } = asBallastError(error)
      outcome = { state: 'failed', error: { code, message } }
    }
    const event = this.#eventOf(order, outcome)
    this.#running.delete(order.id)
    this.#remember(event)
    this.#options.told(order, event)
    await this.#teller.tell(event)
  }

  #progressOf(order: Order): (progress: MigrationProgress) => void {
    const { clock, bus, told } = this.#options
    let last = Number.NEGATIVE_INFINITY
    return (progress) => {
      if (clock.now() - last < progressEvery) return
      last = clock.now()
      const event = this.#eventOf(order, { state: 'progress', progress })
      told(order, event)
      // The next one tells more: one that is lost is no loss.
      bus.tell(event).catch(() => {})
    }
  }

  async #tellNow(order: Order, part: Partial<OrderEvent> & Pick<OrderEvent, 'state'>): Promise<void> {
    const event = this.#eventOf(order, part)
    await this.#options.bus.tell(event)
    this.#options.told(order, event)
    if (isOver(event)) this.#remember(event)
  }

  #eventOf(order: Order, part: Partial<OrderEvent> & Pick<OrderEvent, 'state'>): OrderEvent {
    return { order: order.id, host: this.#options.host, ...part }
  }

  #remember(event: OrderEvent): void {
    this.#over.set(event.order, event)
    if (this.#over.size > remembered) this.#over.delete(this.#over.keys().next().value!)
  }
}
