/** A change of usage that is smaller is noise. Fraction of a pCPU. */
const leastShift = 0.05

/** Where a vCPU was at a sample, and how much of that pCPU it used. */
export interface Sighting {
  readonly pcpu: number
  readonly usage: number
}

/**
 * What has changed of late beside each vCPU. A vCPU that begins to wait may do so because others came or want more,
 * or because it wants more itself; then the others use less, and never more. So whether a change of its delay came
 * from outside shows in what the others on its pCPU did. A vCPU is named by its row in the sample.
 */
export class Contention {
  readonly #rises: Largest
  readonly #falls: Largest
  #gone: { readonly was: Sighting; readonly samples: number }[] = []

  constructor(pcpuCount: number) {
    this.#rises = new Largest(pcpuCount)
    this.#falls = new Largest(pcpuCount)
  }

  /** Begins a new sample. */
  begin(): void {
    this.#rises.clear()
    this.#falls.clear()
    for (const { was } of this.#gone) this.note(-1, was, undefined)
    this.#gone = this.#gone.flatMap(({ was, samples }) => (samples > 1 ? { was, samples: samples - 1 } : []))
  }

  /** A vCPU is no longer there: that is told for so many samples. */
  leave(was: Sighting, samples: number): void {
    this.note(-1, was, undefined)
    if (samples > 1) this.#gone.push({ was, samples: samples - 1 })
  }

  /** Takes in where the vCPU of this row was some samples ago and where it is now. */
  note(row: number, before: Sighting | undefined, now: Sighting | undefined): void {
    if (before && now && before.pcpu === now.pcpu) {
      const rise = now.usage - before.usage
      if (rise > 0) this.#rises.add(now.pcpu, row, rise)
      else this.#falls.add(now.pcpu, row, -rise)
      return
    }
    if (before) this.#falls.add(before.pcpu, row, before.usage)
    if (now) this.#rises.add(now.pcpu, row, now.usage)
  }

  /** Whether a vCPU other than the one of this row came to the pCPU, or uses clearly more of it than before. */
  rose(pcpu: number, row: number): boolean {
    return this.#rises.ofOthers(pcpu, row) >= leastShift
  }

  /** Whether another one left the pCPU, or uses clearly less of it. */
  fell(pcpu: number, row: number): boolean {
    return this.#falls.ofOthers(pcpu, row) >= leastShift
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
