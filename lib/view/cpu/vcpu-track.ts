import type { CpuSet } from '../../host/cpuset.ts'
import { type Contention, lately } from './contention.ts'
import type { Outside } from './elasticity.ts'
import { placeWithin } from './placement.ts'
import { VcpuDemand } from './vcpu-demand.ts'

/** What changed beside a vCPU, by `rose` and `fell`. */
const everything: Outside = { rose: true, fell: true }
const nothing: Outside = { rose: false, fell: false }
const more: Outside = { rose: true, fell: false }
const less: Outside = { rose: false, fell: true }

/** What is remembered of one vCPU of one run of a domain. */
export class VcpuTrack {
  readonly demand = new VcpuDemand()
  #affinity: CpuSet | undefined
  #firstAffinity: CpuSet | undefined
  #pin: CpuSet | undefined
  #firstPin: CpuSet | undefined
  #place = -1
  /** Samples since it was sent elsewhere. */
  #sinceMoved = lately

  /** Takes in where it is and where it may be. Returns the pCPU that it counts on, -1 if that is not known. */
  see(affinity: CpuSet | undefined, pcpu: number): number {
    const place = placeWithin(affinity, pcpu < 0 ? undefined : pcpu) ?? -1
    const isSent = place !== this.#place && affinity && this.#affinity?.equals(affinity) === false
    this.#sinceMoved = isSent ? 0 : this.#sinceMoved + 1
    this.#place = place
    this.#affinity = affinity
    this.#firstAffinity ??= affinity
    return place
  }

  get affinity(): CpuSet | undefined {
    return this.#affinity
  }

  /** Takes in what libvirt has it pinned to. */
  seePin(pin: CpuSet | undefined): void {
    this.#pin = pin
    this.#firstPin ??= pin
  }

  /** What libvirt has it pinned to, where that is known now. */
  get pin(): CpuSet | undefined {
    return this.#pin
  }

  /** What it was first known to be pinned to by libvirt; where that is not known the first affinity. */
  get firstAffinity(): CpuSet | undefined {
    return this.#firstPin ?? this.#firstAffinity
  }

  /**
   * What recently changed around it; `row` is its row in the sample. The neighbours of a vCPU that may run on several
   * pCPUs are unknown.
   */
  outside(row: number, contention: Contention): Outside {
    if (this.#sinceMoved < lately) return everything
    if (this.#place < 0 || this.#affinity?.size !== 1) return nothing
    const fell = contention.fell(this.#place, row)
    if (contention.rose(this.#place, row)) return fell ? everything : more
    return fell ? less : nothing
  }
}
