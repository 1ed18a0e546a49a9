import type { CpuSet } from '../host/cpuset.ts'
import type { CpuSample } from '../host/sample.ts'
import { type CellOf, homeCell } from './home-cell.ts'
import { VcpuDemand } from './vcpu-demand.ts'

/** What is remembered of one vCPU. */
interface VcpuRun {
  readonly demand: VcpuDemand
  /** The first affinity of it that was known. */
  firstAffinity: CpuSet | undefined
}

/** What is remembered of one run of a domain. While it is paused all stays as it is: it goes on where it was. */
export class DomainRun {
  readonly id: number
  readonly #vcpus = new Map<number, VcpuRun>()
  #homeCell: number | undefined

  constructor(id: number) {
    this.id = id
  }

  /** The vCPU with this number. */
  vcpu(number: number, affinity: CpuSet | undefined): VcpuRun {
    let run = this.#vcpus.get(number)
    if (!run) {
      run = { demand: new VcpuDemand(), firstAffinity: affinity }
      this.#vcpus.set(number, run)
    }
    run.firstAffinity ??= affinity
    return run
  }

  /** As it was at the first sample in which it was known. */
  homeCell(cpu: CpuSample, index: number, cellOf: CellOf): number | undefined {
    this.#homeCell ??= homeCell(cpu, index, cellOf)
    return this.#homeCell
  }
}
