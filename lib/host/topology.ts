import type { CpuSet } from './cpuset.ts'

/** One physical CPU (a hardware thread, libvirt's `<cpu>`). */
export interface Pcpu {
  readonly id: number
  /** NUMA cell that it is in. */
  readonly cell: number
  readonly socket: number
  readonly die: number
  readonly core: number
  /** Number of the group of pCPUs that it shares its last-level cache with; numbers are unique in the host. */
  readonly cache: number
  /** The SMT threads of its core, itself among them. */
  readonly siblings: CpuSet
  /**
   * How much work it does against the host's largest, above 0 and up to 1: efficiency cores do less. Default: 1, also
   * where that is not known.
   */
  readonly capacity?: number | undefined
}

/** One NUMA cell. */
export interface NumaCell {
  readonly id: number
  /** Its online pCPUs. */
  readonly cpus: CpuSet
  /** Bytes; NaN where the host does not report it. */
  readonly memory: number
  /** By cell id: distance as reported by the firmware (10 is local); empty where it is not reported. */
  readonly distances: ReadonlyMap<number, number>
}

/** The shape of a host, from its capabilities XML. */
export interface Topology {
  /** Online pCPUs in ascending order of `id`. */
  readonly pcpus: readonly Pcpu[]
  readonly online: CpuSet
  /** Online pCPUs that the kernel runs nothing on of its own accord (`isolcpus`). Default: none, or not known. */
  readonly isolated?: CpuSet | undefined
  /** One more than the highest pCPU number that the host may ever have: the width of affinity maps. */
  readonly cpuCount: number
  readonly cells: readonly NumaCell[]
  /** Bytes of memory in the host. */
  readonly memory: number
}
