import type { ShownTick, ShownVcpu } from '../../../report/shown-tick.ts'
import { type GuestFigures, guestFigures } from './guest-figures.ts'

/** Ticks of which figures are kept: ten minutes at 2 s. */
export const historyLength = 300

/** What is kept of a guest, and of each of its vCPUs. */
const guestSeries = ['usage', 'delay', 'size', 'used', 'target'] as const
export type GuestSeries = (typeof guestSeries)[number]

/** Shares of a vCPU are kept in steps of this many parts: one byte each. */
const steps = 250
const unknownStep = 255

/** How guests did over the last ticks. Ticks are counted from 0 on. */
export class History {
  readonly #guests = new Map<string, GuestHistory>()
  #ticks = 0

  take({ domains }: ShownTick): void {
    const tick = this.#ticks++
    for (const domain of domains) {
      let guest = this.#guests.get(domain.uuid)
      if (!guest) {
        guest = new GuestHistory()
        this.#guests.set(domain.uuid, guest)
      }
      guest.take(tick, guestFigures(domain), domain.vcpus)
    }
    if (this.#guests.size <= domains.length) return
    for (const [uuid, { last }] of this.#guests) if (tick - last > historyLength) this.#guests.delete(uuid)
  }

  /** The values of a guest over `count` ticks, up to tick number `until`; NaN: not known. */
  series(uuid: string, of: GuestSeries, until: number, count: number): number[] {
    return this.#guests.get(uuid)?.series(of, until, count) ?? []
  }

  /** The same of one of its vCPUs. */
  vcpuSeries(uuid: string, vcpu: number, of: 'usage' | 'delay', until: number, count: number): number[] {
    return this.#guests.get(uuid)?.vcpuSeries(vcpu, of, until, count) ?? []
  }
}

interface Shares {
  readonly usage: Uint8Array
  readonly delay: Uint8Array
}

class GuestHistory {
  /** The number of the last tick that it was seen in. */
  last = -1
  readonly #columns = new Float32Array(guestSeries.length * historyLength).fill(Number.NaN)
  readonly #vcpus = new Map<number, Shares>()

  take(
    tick: number,
    figures: GuestFigures,
    vcpus: readonly Pick<ShownVcpu, 'vcpu' | 'usage' | 'delay'>[],
  ): void {
    for (let gone = Math.max(this.last + 1, tick - historyLength); gone < tick; gone++) this.#clear(gone)
    this.last = tick
    this.#clear(tick)
    const at = tick % historyLength
    for (const [row, of] of guestSeries.entries()) {
      this.#columns[row * historyLength + at] = figures[of] ?? Number.NaN
    }
    for (const { vcpu, usage, delay } of vcpus) {
      let shares = this.#vcpus.get(vcpu)
      if (!shares) {
        shares = { usage: newShares(), delay: newShares() }
        this.#vcpus.set(vcpu, shares)
      }
      shares.usage[at] = stepOf(usage)
      shares.delay[at] = stepOf(delay)
    }
  }

  series(of: GuestSeries, until: number, count: number): number[] {
    const row = guestSeries.indexOf(of)
    return this.#read(until, count, (at) => this.#columns[row * historyLength + at]!)
  }

  vcpuSeries(vcpu: number, of: 'usage' | 'delay', until: number, count: number): number[] {
    const shares = this.#vcpus.get(vcpu)?.[of]
    return this.#read(until, count, (at) => {
      const step = shares?.[at] ?? unknownStep
      return step === unknownStep ? Number.NaN : step / steps
    })
  }

  #read(until: number, count: number, valueAt: (at: number) => number): number[] {
    const values: number[] = []
    const first = Math.max(0, until - count + 1, this.last - historyLength + 1)
    for (let tick = first; tick <= until; tick++) {
      values.push(tick > this.last ? Number.NaN : valueAt(tick % historyLength))
    }
    return values
  }

  #clear(tick: number): void {
    const at = tick % historyLength
    for (const row of guestSeries.keys()) this.#columns[row * historyLength + at] = Number.NaN
    for (const { usage, delay } of this.#vcpus.values()) {
      usage[at] = unknownStep
      delay[at] = unknownStep
    }
  }
}

function newShares(): Uint8Array {
  return new Uint8Array(historyLength).fill(unknownStep)
}

function stepOf(share: number | undefined): number {
  return share === undefined ? unknownStep : Math.round(Math.max(0, Math.min(1, share)) * steps)
}
