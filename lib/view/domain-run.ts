import type { CpuSample } from '../host/sample.ts'
import type { Contention } from './contention.ts'
import { type CellOf, homeCell } from './home-cell.ts'
import { VcpuTrack } from './vcpu-track.ts'

/** What is remembered of one run of a domain. While it is paused all stays as it is: it goes on where it was. */
export class DomainRun {
  readonly id: number
  readonly #vcpus = new Map<number, VcpuTrack>()
  #homeCell: number | undefined

  constructor(id: number) {
    this.id = id
  }

  /** The vCPU with this number. */
  vcpu(number: number): VcpuTrack {
    let track = this.#vcpus.get(number)
    if (!track) {
      track = new VcpuTrack()
      this.#vcpus.set(number, track)
    }
    return track
  }

  /** Tells `contention` that its vCPUs are gone. */
  end(contention: Contention): void {
    for (const track of this.#vcpus.values()) track.end(contention)
  }

  /** As it was at the first sample in which it was known. */
  homeCell(cpu: CpuSample, index: number, cellOf: CellOf): number | undefined {
    this.#homeCell ??= homeCell(cpu, index, cellOf)
    return this.#homeCell
  }
}
