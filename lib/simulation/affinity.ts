import type { CpuSet } from '../host/cpuset.ts'

/** The pCPUs that a task may run on, with all that is asked of them laid out: it is set once and looked at in every step. */
export class Affinity {
  /** Bit `c % 32` of word `c / 32` is pCPU `c`. */
  readonly words: Int32Array
  /** Its members in ascending order. */
  readonly list: Int32Array
  /** Whether there is a choice. */
  readonly isMovable: boolean

  /** `cpus` are some of the host's `cpuCount` pCPUs, at least one. */
  constructor(cpus: CpuSet, cpuCount: number) {
    this.words = new Int32Array(cpus.toWords(cpuCount))
    this.list = Int32Array.from(cpus)
    this.isMovable = this.list.length > 1
  }

  has(pcpu: number): boolean {
    return (this.words[pcpu >>> 5]! & (1 << (pcpu & 31))) !== 0
  }
}
