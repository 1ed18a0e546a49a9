import type { AgedReport, OpenOrder } from '../bus/fleet-bus.ts'
import { isOver, type Order, type OrderEvent } from '../bus/order.ts'
import type { Step } from '../plan/step.ts'
import type { OrderOutcome } from '../tick/fleet-tick.ts'
import type { PastMigration } from '../view/fleet-input.ts'

/** Milliseconds that a host has to begin an order in; then it is told not to. */
export const beginWithin = 60_000
/** Milliseconds that are waited for the reports of both hosts, where the outcome of a migration is unknown. */
export const lookWithin = 120_000

/** Milliseconds until an order that was given is to be found on the bus. */
const showsWithin = 30_000

/** A migration that was ordered, as far as its leader knows. */
export interface Tracked {
  readonly order: Order
  /** The step that it carries out; undefined: an earlier leader ordered it. */
  readonly step: Step | undefined
  /** Monotonic milliseconds when it was given, or first seen. */
  readonly since: number
  /** Monotonic milliseconds since when its outcome is unknown. */
  unknownSince: number | undefined
  /** Its events that were seen, as JSON. */
  readonly seen: Set<string>
  /** Whether it was asked to end. */
  isEnding: boolean
}

/** An order that is over. */
export interface Ended {
  readonly tracked: Tracked
  readonly outcome: OrderOutcome
}

export interface LedgerInput {
  readonly time: number
  readonly wallTime: number
  readonly reports: readonly AgedReport[]
  readonly open: readonly OpenOrder[]
  /** By id, what was told last of orders that are not open any more. */
  readonly told: ReadonlyMap<string, OrderEvent>
}

/** What one look at the bus shows of the orders. */
export interface LedgerNews {
  readonly ended: readonly Ended[]
  readonly events: readonly OrderEvent[]
  /** Guests that run on two hosts. */
  readonly twice: readonly string[]
}

/** The migrations that were ordered and are not known to be over, whoever led then. */
export class OrderLedger {
  readonly #tracked = new Map<string, Tracked>()

  get all(): readonly Tracked[] {
    return [...this.#tracked.values()]
  }

  /** Of the guest, what is under way. */
  of(guest: string): Tracked | undefined {
    return this.all.find(({ order }) => order.request?.guest === guest)
  }

  /** The guest of the first whose outcome is unknown. */
  get unknown(): Tracked | undefined {
    return this.all.find(({ unknownSince }) => unknownSince !== undefined)
  }

  give(order: Order, step: Step, time: number): void {
    this.#track(order, step, time)
  }

  /** Ids of the orders that are not among those that are open, so that the bus has to be asked what became of them. */
  missingIn(open: readonly OpenOrder[]): string[] {
    const there = new Set(open.map(({ order }) => order.id))
    return this.all
      .filter(({ order, unknownSince }) => unknownSince === undefined && !there.has(order.id))
      .map(({ order }) => order.id)
  }

  look({ time, wallTime, reports, open, told }: LedgerInput): LedgerNews {
    const events: OrderEvent[] = []
    for (const { order, events: all } of open) {
      if (order.kind !== 'migrate' || !order.request) continue
      const tracked = this.#tracked.get(order.id) ?? this.#track(order, undefined, time)
      events.push(...all.filter((event) => isNew(event, tracked.seen)))
    }
    const ended: Ended[] = []
    const twice: string[] = []
    const missing = this.missingIn(open)
    const end = (tracked: Tracked, outcome: PastMigration['outcome'], error?: OrderEvent['error']) => {
      const { guest, target } = tracked.order.request!
      this.#tracked.delete(tracked.order.id)
      const { id: order, host: from } = tracked.order
      ended.push({ tracked, outcome: { guest, from, to: target.host, at: wallTime, outcome, order, error } })
    }
    for (const id of missing) {
      const tracked = this.#tracked.get(id)!
      const last = told.get(id)
      if (!last && time - tracked.since < showsWithin) continue
      if (last && isOver(last)) events.push(last)
      if (last?.state === 'done') end(tracked, 'done')
      // A bus that has lost what was told, and a connection that was lost: nobody knows, and both hosts have to be looked at.
      else if (!last || !isOver(last) || last.error?.code === 'ERR_MIGRATION_UNKNOWN')
        tracked.unknownSince = time
      else end(tracked, 'failed', last.error)
    }
    for (const tracked of this.all) {
      if (tracked.unknownSince === undefined) continue
      const found = lookUp(tracked, reports, time)
      if (found === 'twice') twice.push(tracked.order.request!.guest)
      else if (found !== undefined) end(tracked, found)
      else if (time - tracked.unknownSince >= lookWithin) {
        const message = 'Neither of its hosts says where the guest runs'
        end(tracked, 'failed', { code: 'ERR_MIGRATION_UNKNOWN', message })
      }
    }
    return { ended, events, twice }
  }

  #track(order: Order, step: Step | undefined, since: number): Tracked {
    const tracked: Tracked = { order, step, since, unknownSince: undefined, seen: new Set(), isEnding: false }
    this.#tracked.set(order.id, tracked)
    return tracked
  }
}

function isNew(event: OrderEvent, seen: Set<string>): boolean {
  const text = JSON.stringify(event)
  if (seen.has(text)) return false
  seen.add(text)
  return true
}

/** What became of a migration, by what both hosts report since its outcome is unknown; undefined: that is not enough yet. */
function lookUp(
  { order, unknownSince }: Tracked,
  reports: readonly AgedReport[],
  time: number,
): PastMigration['outcome'] | 'twice' | undefined {
  const { guest, target } = order.request!
  const isAt = (host: string) => {
    const one = reports.find(({ report }) => report.host === host)
    if (!one || one.age >= time - unknownSince!) return undefined
    const isMigrating = one.report.migrations.some((migration) => migration.guest === guest)
    return isMigrating ? undefined : one.report.guests.some(({ uuid, running }) => uuid === guest && running)
  }
  const source = isAt(order.host)
  const there = isAt(target.host)
  if (source && there) return 'twice'
  if (there) return 'done'
  if (source) return 'failed'
  // On neither: it has ended meanwhile, and does not migrate any more.
  return source === false && there === false ? 'failed' : undefined
}
