import type { CpuSample, RunIdentity } from '../host/sample.ts'
import { Boot } from './cpu/boot-grace.ts'
import { estimateDemand } from './cpu/demand.ts'
import { type CellOf, homeCell } from './cpu/home-cell.ts'
import { VcpuTrack } from './cpu/vcpu-track.ts'

/** What is remembered of one run of a domain. While it is paused all stays as it is: it goes on where it was. */
export class DomainRun {
  readonly identity: RunIdentity
  /** By number; numbers may have gaps. */
  readonly #vcpus: (VcpuTrack | undefined)[] = []
  #boot: Boot
  #homeCell: number | undefined

  /** `appeared`: monotonic milliseconds; undefined for one that was there before anything was seen. */
  constructor(identity: RunIdentity, appeared: number | undefined) {
    this.identity = identity
    this.#boot = new Boot(appeared)
  }

  /** The vCPU with this number. */
  vcpu(number: number): VcpuTrack {
    let track = this.#vcpus[number]
    if (!track) {
      track = new VcpuTrack()
      this.#vcpus[number] = track
    }
    return track
  }

  /** It began to boot anew at `time`, monotonic milliseconds. */
  rebooted(time: number): void {
    this.#boot = new Boot(time)
  }

  /** Forgets what its vCPUs want. */
  interrupt(): void {
    for (const track of this.#vcpus) track?.demand.interrupt()
  }

  /** As it was at the first sample in which it was known. */
  homeCell(cpu: CpuSample, index: number, cellOf: CellOf): number | undefined {
    this.#homeCell ??= homeCell(cpu, index, cellOf)
    return this.#homeCell
  }

  /** Whether what its vCPUs do is the work of starting. It is domain `index` of the sample. */
  isBooting(cpu: CpuSample, index: number): boolean {
    if (this.#boot.isDone) return false
    let busiest = Number.NaN
    for (let row = cpu.vcpuStart[index]!; row < cpu.vcpuStart[index + 1]!; row++) {
      const wanted = estimateDemand(cpu.usage[row]!, cpu.delay[row]!)
      if (!(wanted <= busiest) && !Number.isNaN(wanted)) busiest = wanted
    }
    return this.#boot.isBooting(cpu.time, busiest)
  }
}
