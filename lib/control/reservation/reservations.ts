import { BallastError, wrongOption } from '../../host/errors.ts'
import type { Clock } from '../../host/host.ts'
import { formatBytes } from '../../util/format.ts'
import { unallocatedMemory } from '../../view/memory/unallocated.ts'
import type { View } from '../../view/view.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { GuardLimits } from '../verdict.ts'
import { reclaimable } from './reclaimable.ts'

/** How long memory is reserved. */
export interface ReserveOptions {
  /** Milliseconds from the call on in which memory is reclaimed and kept; then it is given up again. */
  readonly for: number
  /** Gives it up at once, whether it is there or not: the guest has started, or will not. */
  readonly signal?: AbortSignal | undefined
}

/** Memory for a guest about to start, as it was when it had been seen to be free. */
export interface Reservation {
  /** Bytes that were asked for. */
  readonly bytes: number
  /** Bytes that no guest has or was promised and the host does not keep: what was requested is among them. */
  readonly free: number
  /** Monotonic milliseconds of the host's clock until which it is kept. */
  readonly until: number
}

interface PendingReservation {
  readonly bytes: number
  readonly until: number
  /** Undefined once it is there. */
  waiting: { resolve(reservation: Reservation): void; reject(error: unknown): void } | undefined
  readonly unsubscribe: () => void
}

/** What holds for a loop as long as it goes on. */
export interface ReservationTerms {
  readonly clock: Clock
  readonly limits: GuardLimits
  /** Why no memory is reclaimed, if none is: then what is not free at once will not be. */
  readonly idle: string | undefined
}

/** The memory that is kept, or to be reclaimed, for guests about to start, in the order of the calls. */
export class Reservations {
  readonly #terms: ReservationTerms
  readonly #kept = new Set<PendingReservation>()
  #ended = false

  constructor(terms: ReservationTerms) {
    this.#terms = terms
  }

  /** Whether anything is reserved, or waits to be. */
  get areAny(): boolean {
    return this.#kept.size > 0
  }

  /** Bytes that are reserved in all. */
  get bytes(): number {
    let sum = 0
    for (const { bytes } of this.#kept) sum += bytes
    return sum
  }

  /** See `Autopilot.reserve`. */
  async reserve(bytes: number, options: ReserveOptions): Promise<Reservation> {
    assertReserve(bytes, options)
    const { signal } = options
    signal?.throwIfAborted()
    if (this.#ended) throw notEnoughMemory(bytes, 'the loop has ended')
    const until = this.#terms.clock.now() + options.for
    return new Promise((resolve, reject) => {
      const abort = () => {
        this.#drop(reservation)
        reservation.waiting?.reject(signal?.reason)
      }
      const unsubscribe = () => signal?.removeEventListener('abort', abort)
      const reservation: PendingReservation = { bytes, until, waiting: { resolve, reject }, unsubscribe }
      signal?.addEventListener('abort', abort, { once: true })
      this.#kept.add(reservation)
    })
  }

  /** Compares with what is seen: settles who waits for memory that is free now, or cannot be, and gives up what has expired. */
  observe(view: View, ledger: Ledger): void {
    const { clock, limits, idle } = this.#terms
    if (this.#kept.size === 0) return
    const free = unallocatedMemory(view, (domain) => ledger.largestRequested(domain))
    let before = 0
    for (const reservation of this.#kept) {
      const { bytes, until, waiting } = reservation
      const wanted = before + bytes
      if (waiting && wanted <= free) {
        waiting.resolve({ bytes, free, until })
        reservation.waiting = undefined
      }
      const isOver = clock.now() >= until
      if (reservation.waiting) {
        const more = reclaimable(view, limits, ledger)
        const cannotBe = idle !== undefined || (more.isCertain && wanted > free + more.bytes)
        if (isOver || cannotBe) {
          const others = before > 0 ? `; ${formatBytes(before)} are reserved for others` : ''
          this.#drop(reservation)
          reservation.waiting.reject(
            notEnoughMemory(
              bytes,
              `${formatBytes(Math.max(0, free))} are free${others}; ${idle ?? more.why}`,
            ),
          )
          continue
        }
      } else if (isOver) {
        this.#drop(reservation)
        continue
      }
      before = wanted
    }
  }

  /** `view` with what is reserved now: a guest that has started, or will not, needs no memory reserved. */
  update(view: View): View {
    const { memory } = view
    const reserved = this.bytes
    if (reserved === memory.reserved) return view
    const budget = Math.max(0, memory.total - memory.reserve - reserved)
    return { ...view, memory: { ...memory, reserved, budget } }
  }

  /** Rejects what is not there yet, and whatever is asked for from now on. */
  end(): void {
    this.#ended = true
    for (const reservation of this.#kept) {
      this.#drop(reservation)
      reservation.waiting?.reject(notEnoughMemory(reservation.bytes, 'the loop ended before it was there'))
    }
  }

  #drop(reservation: PendingReservation): void {
    this.#kept.delete(reservation)
    reservation.unsubscribe()
  }
}

function assertReserve(bytes: number, options: ReserveOptions): void {
  if (!(typeof bytes === 'number' && bytes > 0 && Number.isFinite(bytes))) {
    throw wrongOption('bytes', 'a number of bytes above 0', bytes)
  }
  if (typeof options !== 'object' || options === null) {
    throw wrongOption('options', 'an object with `for`, in milliseconds', options)
  }
  const { for: milliseconds, signal } = options
  if (!(typeof milliseconds === 'number' && milliseconds > 0 && Number.isFinite(milliseconds))) {
    throw wrongOption('for', 'a number of milliseconds above 0', milliseconds)
  }
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw wrongOption('signal', 'an AbortSignal', signal)
  }
}

function notEnoughMemory(bytes: number, why: string): BallastError {
  return new BallastError('ERR_INSUFFICIENT_MEMORY', `No room for ${formatBytes(bytes)}: ${why}`)
}
