import { MiB } from '../util/units.ts'

/** Speeds in bytes per second, measured on real guests (docs/simulation.md). */
const outSpeed = { none: 0, disk: 64 * MiB, zram: 256 * MiB }
const inSpeed = 32 * MiB
/** Of what is swapped out, so much is wanted again at once, comes back and goes out again. */
const churn = 0.2
/** What a page in zram takes of a page. */
const zramRatio = 0.75

/** What a guest's kernel swaps out and in. Sizes are bytes. */
export class Swap {
  readonly kind: 'none' | 'disk' | 'zram'
  /** What is swapped out. */
  size = 0
  /** So far. */
  swappedIn = 0
  swappedOut = 0

  constructor(kind: 'none' | 'disk' | 'zram') {
    this.kind = kind
  }

  /** What of the guest's memory it takes. */
  get inMemory(): number {
    return this.kind === 'zram' ? this.size * zramRatio : 0
  }

  /**
   * Swaps out until `short` bytes more are free, as far as there is swap and time and `swappable` bytes are there. Says how many
   * seconds programs wait for it.
   */
  swapOut(short: number, seconds: number, swappable: number): number {
    if (this.kind === 'none') return 0
    const freed = this.kind === 'disk' ? 1 : 1 - zramRatio
    const bytes = Math.min(short / freed, outSpeed[this.kind] * seconds, swappable)
    this.size += bytes
    this.swappedOut += bytes * (1 + churn)
    this.swappedIn += bytes * churn
    return (bytes * churn) / inSpeed
  }

  /**
   * `missing` bytes that a program touches come back; where there is no `room` for them, as much goes out. Says how many seconds
   * the program waits for it.
   */
  swapIn(missing: number, seconds: number, room: number): number {
    const back = Math.min(missing, inSpeed * seconds, this.size)
    const free = Math.max(0, room)
    this.swappedIn += back
    this.swappedOut += Math.max(0, back - free)
    this.size -= Math.min(back, free)
    // It works at its own speed between two waits: so much of the time goes to waiting.
    const waiting = missing / (inSpeed * seconds)
    return seconds * (waiting / (1 + waiting))
  }
}
