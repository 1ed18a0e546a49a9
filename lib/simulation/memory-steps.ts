import type { HostEvent } from '../host/host.ts'
import type { CpuTimes } from './cpu-times.ts'
import type { Guest } from './guest.ts'

/** Milliseconds. */
export const memoryStep = 20
/** Least time between two events of a moving balloon. */
const balloonEventPeriod = 1_000

/** What was last told of a domain's balloon, and when, and of its virtio-mem device: it outlives the domain's run. */
export interface Announced {
  actual: number
  at: number
  plugged: number
}

/**
 * The memory of the guests that run, in steps of 20 ms, in the order in which they started. A guest whose memory rests is
 * visited when its next report is due, or once something has changed it.
 */
export class MemorySteps {
  readonly #emit: (event: HostEvent) => void
  #guests: readonly Guest[] = []
  #announced: readonly Announced[] = []
  /** By guest: where it is in the columns. */
  #rows = new Map<Guest, number>()
  /** By row: until when it needs no visit; what it holds of the host. */
  #due = new Float64Array(0)
  #rss = new Float64Array(0)
  /** By row: of its first vCPU. */
  readonly #cpuTimes: CpuTimes

  constructor(cpuTimes: CpuTimes, emit: (event: HostEvent) => void) {
    this.#cpuTimes = cpuTimes
    this.#emit = emit
  }

  /** These run from now on, in this order. */
  setGuests(guests: readonly Guest[], announced: readonly Announced[]): void {
    const before = this.#rows
    const kept = (column: Float64Array, ofNew: (guest: Guest) => number) =>
      Float64Array.from(guests, (guest) => column[before.get(guest) ?? Number.NaN] ?? ofNew(guest))
    this.#due = kept(this.#due, () => 0)
    this.#rss = kept(this.#rss, (guest) => guest.memory.rss)
    this.#cpuTimes.watch(guests.map(({ vcpus: { tasks } }) => tasks[0]!))
    this.#rows = new Map(guests.map((guest, row) => [guest, row]))
    this.#guests = guests
    this.#announced = announced
  }

  /** Something else than a step has changed a guest's memory, or what is to be done for it. */
  changed(guest: Guest): void {
    const row = this.#rows.get(guest)
    // One that has not started yet will be new.
    if (row === undefined) return
    this.#due[row] = 0
    this.#rss[row] = guest.memory.rss
  }

  /** `held` and what the guests hold of the host, added up in their order. */
  plusRss(held: number): number {
    let sum = held
    for (let row = 0; row < this.#rss.length; row++) sum += this.#rss[row]!
    return sum
  }

  /** Carries the memory of all guests from `time` on; `hostSwaps` while the host has too little for them. */
  step(time: number, wallTime: number, hostSwaps: boolean): void {
    this.#cpuTimes.advance()
    const { ran, asked } = this.#cpuTimes
    for (let row = 0; row < this.#guests.length; row++) {
      if (!hostSwaps && this.#due[row]! > time) continue
      const guest = this.#guests[row]!
      guest.stepMemory(time, wallTime, memoryStep, { ran: ran[row]!, asked: asked[row]! }, hostSwaps)
      this.#rss[row] = guest.memory.rss
      this.#due[row] = Math.min(guest.memoryDue, this.#announce(row, time))
    }
  }

  /** Tells how large a guest's device and balloon are by now. Says when to tell what it may not tell yet. */
  #announce(row: number, time: number): number {
    const announced = this.#announced[row]!
    const { identity, memory } = this.#guests[row]!
    const { toldActual: actual, device } = memory
    if (device.plugged !== announced.plugged) {
      announced.plugged = device.plugged
      this.#emit({ kind: 'device', domain: identity, alias: 'virtiomem0', change: 'resized' })
    }
    if (actual === announced.actual) return Number.POSITIVE_INFINITY
    if (time - announced.at < balloonEventPeriod) return announced.at + balloonEventPeriod
    announced.actual = actual
    announced.at = time
    this.#emit({ kind: 'balloon', domain: identity, actual })
    return Number.POSITIVE_INFINITY
  }
}
