import type { CpuSet } from '../host/cpuset.ts'
import type { Contention, Sighting } from './contention.ts'
import type { Outside } from './elasticity.ts'
import { placeOf } from './place.ts'
import { VcpuDemand } from './vcpu-demand.ts'

/** How many samples ago a change is still of late: it takes two to be sure of one. */
const lately = 3

/** What is remembered of one vCPU of one run of a domain. */
export class VcpuTrack {
  readonly demand = new VcpuDemand()
  #affinity: CpuSet | undefined
  #firstAffinity: CpuSet | undefined
  #row = -1
  #now: Sighting | undefined
  /** The latest first. */
  readonly #earlier: (Sighting | undefined)[] = []
  /** Samples since it was sent elsewhere. */
  #sinceMoved = lately

  /** Takes in where the vCPU of this row is and what it used, NaN if unknown, and tells `contention`. */
  see(row: number, affinity: CpuSet | undefined, pcpu: number, usage: number, contention: Contention): void {
    const place = placeOf({ affinity, pcpu: pcpu < 0 ? undefined : pcpu })
    const before = this.#now
    this.#now = place === undefined || Number.isNaN(usage) ? undefined : { pcpu: place, usage }
    this.#sinceMoved = this.#isMoved(before, affinity) ? 0 : this.#sinceMoved + 1
    this.#row = row
    this.#affinity = affinity
    this.#firstAffinity ??= affinity
    contention.note(row, this.#earlier[lately - 1], this.#now)
    if (this.#earlier.unshift(this.#now) > lately) this.#earlier.pop()
  }

  /** Tells `contention` of its end. */
  end(contention: Contention): void {
    if (this.#now) contention.leave(this.#now, lately)
  }

  get affinity(): CpuSet | undefined {
    return this.#affinity
  }

  /** The first affinity of it that was known. */
  get firstAffinity(): CpuSet | undefined {
    return this.#firstAffinity
  }

  /** What changed around it of late. Of one that may run on several pCPUs nobody can tell who its neighbours were. */
  outside(contention: Contention): Outside {
    if (this.#sinceMoved < lately) return { rose: true, fell: true }
    const pcpu = this.#affinity?.size === 1 ? this.#now?.pcpu : undefined
    if (pcpu === undefined) return { rose: false, fell: false }
    return { rose: contention.rose(pcpu, this.#row), fell: contention.fell(pcpu, this.#row) }
  }

  #isMoved(before: Sighting | undefined, affinity: CpuSet | undefined): boolean {
    return (
      affinity !== undefined &&
      this.#affinity !== undefined &&
      before?.pcpu !== this.#now?.pcpu &&
      !affinity.equals(this.#affinity)
    )
  }
}
