import type { CpuSet } from '../host/cpuset.ts'
import type { DomainState } from '../host/sample.ts'
import type { Pcpu, Topology } from '../host/topology.ts'
import type { DomainSettings } from './settings.ts'

/**
 * What a policy sees at one tick. Plain data, made from Samples; nothing here calls the host. A value
 * that is not known is `undefined`, never a guess: it is no load and no reason to act.
 */
export interface View {
  /** Monotonic milliseconds of the host's clock when the CPU sample was taken. */
  readonly time: number
  /** Milliseconds since the epoch at the start of the tick. */
  readonly wallTime: number
  /** Measured milliseconds that usage and delay are over; undefined in the first View. */
  readonly interval: number | undefined
  readonly topology: Topology
  /** pCPUs that vCPUs may be placed on: online, and not reserved for the host. */
  readonly online: CpuSet
  readonly pcpus: readonly PcpuView[]
  readonly domains: readonly DomainView[]
  /** The vCPUs of all domains, in the order of `domains`. */
  readonly vcpus: readonly VcpuView[]
  readonly memory: HostMemoryView
}

export interface PcpuView {
  readonly id: number
  readonly topology: Pcpu
  /** Fraction of the interval that it was busy with anything at all, 0 to 1. */
  readonly busy: number | undefined
  /**
   * Fraction of it that is busy with what is no vCPU: the host's own work, emulator and I/O threads, other
   * programs. Smoothed, never below 0.
   */
  readonly background: number | undefined
  /** How much of a pCPU of full speed it is: 1, unless the host tells otherwise. */
  readonly capacity: number
}

export interface DomainView {
  readonly uuid: string
  readonly name: string
  readonly id: number
  readonly state: DomainState
  readonly settings: DomainSettings
  /** NUMA cell in which most of its vCPUs ran when it was first seen: its memory is likely there. */
  readonly homeCell: number | undefined
  readonly vcpus: readonly VcpuView[]
  readonly memory: DomainMemoryView
}

export interface VcpuView {
  readonly domain: DomainView
  /** Number within the domain. */
  readonly vcpu: number
  /** pCPUs that it may run on now. Undefined: not known, leave it alone. */
  readonly affinity: CpuSet | undefined
  /** pCPUs that it may be pinned to: what is online, not reserved for the host, and its user allows. */
  readonly allowed: CpuSet
  /** pCPU that it ran on last. */
  readonly pcpu: number | undefined
  /** Fraction of one pCPU that it ran over the interval, as measured. */
  readonly usage: number | undefined
  /** Fraction of the interval that it was runnable and waited, as measured. */
  readonly delay: number | undefined
  /** Fraction of one pCPU that it would use if it never waited: smoothed, 0 to 1; undefined too while its domain does not run. Balance this. */
  readonly demand: number | undefined
  /** What the demand may be at least and at most; undefined together with it. */
  readonly demandRange: DemandRange | undefined
}

/**
 * The interval that a vCPU's demand lies in, as fractions of one pCPU: smoothed, `low <= demand <= high`. Wide
 * while it waits for pCPUs and nothing was learned of it, narrow once it was seen under different contention.
 */
export interface DemandRange {
  readonly low: number
  readonly high: number
}

/** Why a domain's balloon is left alone. Its memory is counted all the same. */
export type MemoryHold =
  | 'not running'
  | 'stuck'
  | 'failed'
  | 'no statistics' // no balloon device, no driver in the guest, or it is still booting
  | 'stale statistics'
  | 'contradictory statistics'

/** One domain's memory in bytes. While it does not answer, the last known levels with their growing age. */
export interface DomainMemoryView {
  /** Milliseconds since the guest itself made this report; undefined when it never did. */
  readonly age: number | undefined
  /** Undefined: may be managed. */
  readonly hold: MemoryHold | undefined
  /** No balloon grows beyond it. */
  readonly maximum: number | undefined
  /** The balloon's size now. */
  readonly actual: number | undefined
  /** The size that Ballast last asked for, where the balloon may still be on its way to it. */
  readonly target: number | undefined
  /** What the guest sees as its total: below `actual` by what its kernel keeps. */
  readonly available: number | undefined
  /** The guest's MemFree. */
  readonly unused: number | undefined
  /** The guest's MemAvailable. */
  readonly usable: number | undefined
  /** Bytes swapped out since the memory sample before; undefined when either is unknown. */
  readonly swappedOut: number | undefined
  /** Resident memory of the domain's QEMU. */
  readonly rss: number | undefined
}

/** Memory of the host in bytes. */
export interface HostMemoryView {
  readonly total: number
  readonly free: number | undefined
  readonly available: number | undefined
  /** What policies leave to the host: the guard's `hostReserve`. */
  readonly reserve: number
  /** What the domains may hold in all, balloons and hypervisor overhead together: `total - reserve`. */
  readonly budget: number
  /** What they hold now: sum of max(actual, target) and overhead, as the guard counts it. */
  readonly committed: number
}
