import { asBallastError, type BallastError } from '../../host/errors.ts'
import type { Clock } from '../../host/host.ts'
import type { FleetBus, FleetSettings, Lease, LeaseHolder, MoveRequest } from '../bus/fleet-bus.ts'
import type { OrderEvent } from '../bus/order.ts'
import type { FleetTick } from '../tick/fleet-tick.ts'
import { type FleetTickRecord, historyRecord } from '../tick/tick-record.ts'
import type { PastMigration } from '../view/fleet-input.ts'
import { FleetLoop, type FleetLoopOptions, type RoundOutput } from './fleet-loop.ts'

/** How far back a new leader reads what was done. */
const day = 24 * 3_600_000
/** Milliseconds between two ticks of the history in which nothing happens. */
const quietEvery = 600_000

export interface LeaderOptions extends Omit<FleetLoopOptions, 'past'> {
  readonly bus: FleetBus
  readonly clock: Clock
  /** Who asks for the lease: the host, and the process. */
  readonly holder: LeaseHolder
  /** Milliseconds between rounds. Default 10,000. */
  readonly interval?: number | undefined
  /** What the bus was made with. Default 10,000. */
  readonly leaseAge?: number | undefined
  /** Ends it; the lease is given back. */
  readonly signal?: AbortSignal | undefined
  /** Told what happens beside ticks, for a log. */
  readonly listener?: ((event: LeaderEvent) => void) | undefined
}

export type LeaderEvent =
  | { readonly kind: 'leading'; readonly lease: Lease }
  /** Another leads; undefined: it is not known who. */
  | { readonly kind: 'following'; readonly lease: Lease | undefined }
  /** A call to the bus failed. It is tried again. */
  | { readonly kind: 'failed'; readonly error: BallastError }

/**
 * Leads the fleet whenever it has the lease, and asks for it otherwise: gives a tick for each round that it leads. Who leads
 * anew knows nothing but what is on the bus. It ends with `signal`, or when nobody takes the next tick any more.
 */
export async function* runLeader(options: LeaderOptions): AsyncGenerator<FleetTick, void, undefined> {
  const { bus, clock, holder, leaseAge = 10_000, signal, listener } = options
  const retry = leaseAge / 3
  let isFollowing = false
  while (!signal?.aborted) {
    let lease: Lease | undefined
    try {
      lease = await bus.lease(holder)
      if (!lease && !isFollowing) listener?.({ kind: 'following', lease: await bus.leader() })
      isFollowing = !lease
    } catch (error) {
      listener?.({ kind: 'failed', error: asBallastError(error) })
    }
    if (lease) yield* new Leading(options, lease).rounds()
    // What was just lost is not asked for at once: another may have it.
    await clock.sleepUntil(clock.now() + retry, signal).catch(() => {})
  }
}

/** The time from a lease to its end. */
class Leading {
  readonly #options: LeaderOptions
  readonly #lease: Lease
  readonly #leaseAge: number
  /** When the lease was last renewed for sure: before the call, for it counts from somewhere within that. */
  #renewed: number
  #lastKept = Number.NEGATIVE_INFINITY
  #lastStanding = ''

  constructor(options: LeaderOptions, lease: Lease) {
    this.#options = options
    this.#lease = lease
    this.#leaseAge = options.leaseAge ?? 10_000
    this.#renewed = options.clock.now()
  }

  async *rounds(): AsyncGenerator<FleetTick, void, undefined> {
    const { clock, interval = 10_000, signal, listener, bus } = this.#options
    listener?.({ kind: 'leading', lease: this.#lease })
    try {
      const past = await pastOf(bus, clock.wallTime() - day).catch((error) => this.#failed(error))
      const loop = new FleetLoop({ ...this.#options, past: past ?? [] })
      let next = clock.now()
      while (!signal?.aborted) {
        if (!(await this.#renew())) return
        if (clock.now() >= next) {
          next = Math.max(next + interval, clock.now())
          const output = await this.#round(loop)
          if (output === 'lost') return
          if (output) yield output.tick
        }
        const renewal = Math.max(this.#renewed + this.#leaseAge / 3, clock.now() + this.#leaseAge / 20)
        await clock.sleepUntil(Math.min(Math.max(next, clock.now()), renewal), signal).catch(() => {})
      }
    } finally {
      await bus.release(this.#lease).catch(() => {})
    }
  }

  /** One round; undefined: the bus could not be read. `lost`: what was decided could not be written down, or another leads. */
  async #round(loop: FleetLoop): Promise<RoundOutput | 'lost' | undefined> {
    const { bus, clock } = this.#options
    let output: RoundOutput
    let settings: FleetSettings
    try {
      const [reports, asked, open] = await Promise.all([bus.reports(), bus.settings.read(), bus.open()])
      settings = asked
      const told = new Map<string, OrderEvent>()
      for (const id of loop.missingIn(open)) {
        const event = await bus.told(id)
        if (event) told.set(id, event)
      }
      const [time, wallTime] = [clock.now(), clock.wallTime()]
      output = loop.round({ lease: this.#lease, time, wallTime, reports, settings, open, told })
    } catch (error) {
      this.#failed(error)
      return undefined
    }
    try {
      // Hosts refuse what comes under an older lease; this is the sooner of both.
      if (output.orders.length > 0 && !(await this.#renew())) return 'lost'
      for (const order of output.orders) await bus.order(order)
    } catch (error) {
      this.#failed(error)
      return 'lost'
    }
    // A history that is full must not keep the fleet from being led.
    try {
      if (output.answered.length > 0) await this.#takeOut(output.answered, settings)
      await this.#keep(output.tick)
    } catch (error) {
      this.#failed(error)
    }
    return output
  }

  /** Whether we still lead. A bus that does not answer takes the lease from us when it has run out. */
  async #renew(): Promise<boolean> {
    const { bus, clock, holder } = this.#options
    const now = clock.now()
    try {
      const lease = await bus.lease(holder)
      if (lease?.revision !== this.#lease.revision) return false
      this.#renewed = now
      return true
    } catch (error) {
      this.#failed(error)
      return clock.now() - this.#renewed < this.#leaseAge
    }
  }

  /** Takes out what was answered, and nothing that was asked for of the same guest since. */
  async #takeOut(guests: readonly string[], { moves: answered = {} }: FleetSettings): Promise<void> {
    const isAnswered = (guest: string, { to, since }: MoveRequest) =>
      guests.includes(guest) && answered[guest]?.to === to && answered[guest].since === since
    await this.#options.bus.settings.update((settings) => ({
      ...settings,
      moves: Object.fromEntries(
        Object.entries(settings.moves ?? {}).filter(([guest, request]) => !isAnswered(guest, request)),
      ),
    }))
  }

  /** Keeps the ticks in which something happened, or is denied for another reason, and one in ten minutes of the others. */
  async #keep(tick: FleetTick): Promise<void> {
    const { ordered, denied, outcomes, results, foreign, errors, events, plan, mode } = tick
    const happened = [ordered, outcomes, results, foreign, errors, events]
    const denials = denied.map(({ step, reason }) => `${step.guest} ${reason.kind}`)
    const standing = [mode, plan.reason.kind, ...denials].join(', ')
    const now = this.#options.clock.now()
    const isQuiet = happened.every(({ length }) => length === 0) && standing === this.#lastStanding
    if (isQuiet && now - this.#lastKept < quietEvery) return
    this.#lastStanding = standing
    this.#lastKept = now
    await this.#options.bus.remember(historyRecord(tick))
  }

  #failed(error: unknown): undefined {
    this.#options.listener?.({ kind: 'failed', error: asBallastError(error) })
    return undefined
  }
}

/** What was done since a time, as the history has it. */
async function pastOf(bus: FleetBus, since: number): Promise<PastMigration[]> {
  const past: PastMigration[] = []
  for await (const tick of bus.history(since)) past.push(...outcomesOf(tick))
  return past
}

/** The history is written by programs of ours, of this version or another. */
function outcomesOf(tick: unknown): readonly PastMigration[] {
  const { outcomes } = (tick ?? {}) as Partial<FleetTickRecord>
  return Array.isArray(outcomes) ? outcomes : []
}
