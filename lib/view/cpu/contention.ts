import { rowsBefore, type Sightings } from './sightings.ts'

/** A change of usage that is smaller is noise. Fraction of a pCPU. */
const leastShift = 0.05
/** Samples for which a change counts as recent: it takes two to be sure of one. */
export const lately = 3

/**
 * What has recently changed beside each vCPU. A vCPU that begins to wait may do so because others came or want more,
 * or because it wants more itself; then the others use less, and never more. So whether a change of its delay came
 * from outside shows in what the others on its pCPU did.
 */
export class Contention {
  readonly #rises: Largest
  readonly #falls: Largest
  /** The latest samples, the oldest first. */
  #history: readonly Sightings[] = []

  constructor(pcpuCount: number) {
    this.#rises = new Largest(pcpuCount)
    this.#falls = new Largest(pcpuCount)
  }

  /** Forgets the samples. */
  interrupt(): void {
    this.#history = []
  }

  /** Takes in the next sample. */
  next(now: Sightings): void {
    this.#rises.clear()
    this.#falls.clear()
    const before = this.#history.length < lately ? undefined : this.#history[0]
    if (before) this.#compare(before, now)
    this.#history = [...this.#history.slice(-lately + 1), now]
  }

  /** Whether a vCPU other than the one of this row came to the pCPU, or uses clearly more of it than before. */
  rose(pcpu: number, row: number): boolean {
    return this.#rises.ofOthers(pcpu, row) >= leastShift
  }

  /** Whether another one left the pCPU, or uses clearly less of it. */
  fell(pcpu: number, row: number): boolean {
    return this.#falls.ofOthers(pcpu, row) >= leastShift
  }

  #compare(before: Sightings, now: Sightings): void {
    const rows = rowsBefore(before.cpu, now.cpu)
    const stayed = new Uint8Array(before.places.length)
    for (let row = 0; row < now.places.length; row++) {
      const earlier = rows ? rows[row]! : row
      const from = earlier < 0 ? -1 : before.places[earlier]!
      const to = now.places[row]!
      const usage = now.cpu.usage[row]!
      if (from >= 0 && from === to) {
        stayed[earlier] = 1
        const rise = usage - before.cpu.usage[earlier]!
        if (rise > 0) this.#rises.add(to, row, rise)
        else this.#falls.add(to, row, -rise)
      } else if (to >= 0) {
        this.#rises.add(to, row, usage)
      }
    }
    for (let row = 0; row < stayed.length; row++) {
      const from = before.places[row]!
      // No row of this sample: no vCPU is where it no longer is.
      if (stayed[row] === 0 && from >= 0) this.#falls.add(from, -1, before.cpu.usage[row]!)
    }
  }
}

/** The two largest shifts on each pCPU, so that there is one left when a vCPU's own is set aside. */
class Largest {
  readonly #first: Float64Array
  readonly #second: Float64Array
  readonly #owner: Int32Array

  constructor(pcpuCount: number) {
    this.#first = new Float64Array(pcpuCount)
    this.#second = new Float64Array(pcpuCount)
    this.#owner = new Int32Array(pcpuCount)
  }

  clear(): void {
    this.#first.fill(0)
    this.#second.fill(0)
  }

  add(pcpu: number, owner: number, shift: number): void {
    if (shift > this.#first[pcpu]!) {
      this.#second[pcpu] = this.#first[pcpu]!
      this.#first[pcpu] = shift
      this.#owner[pcpu] = owner
    } else if (shift > this.#second[pcpu]!) {
      this.#second[pcpu] = shift
    }
  }

  ofOthers(pcpu: number, owner: number): number {
    return (this.#owner[pcpu] === owner ? this.#second[pcpu] : this.#first[pcpu]) ?? 0
  }
}
