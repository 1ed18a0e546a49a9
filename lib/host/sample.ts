/** Which run of a domain: compared by {@link isSameRun}. */
export interface RunIdentity {
  /**
   * The id that libvirt gave this run of the domain: unique among the running ones, and while libvirt's daemon runs.
   * The ids begin at 1 again after a boot of the host, and after the end of a daemon that had no domains left.
   */
  readonly id: number
  /**
   * What tells this run from every other also then: on a local host the kernel's boot id and the start time of the QEMU
   * process. Undefined where the process cannot be seen, as on a remote host.
   */
  readonly run?: string | undefined
}

/** Who a row of a Sample is about. A restarted domain keeps its name and UUID and is another run. */
export interface DomainIdentity extends RunIdentity {
  /** Canonical lower-case UUID with dashes. */
  readonly uuid: string
  readonly name: string
}

/** The run of a domain alone, to be remembered. */
export function runOf({ id, run }: RunIdentity): RunIdentity {
  return { id, run }
}

/** Whether two identities of a domain, with one UUID, are of the same run: by `run` where both know it, else by `id`. */
export function isSameRun(a: RunIdentity | undefined, b: RunIdentity): boolean {
  if (a === b) return true
  if (a === undefined) return false
  if (a.run !== undefined && b.run !== undefined) return a.run === b.run
  return a.id === b.id
}

/** `virDomainState`, as libvirt numbers it. */
export const DomainState = {
  noState: 0,
  running: 1,
  blocked: 2,
  paused: 3,
  shutdown: 4,
  shutoff: 5,
  crashed: 6,
  pmSuspended: 7,
} as const
export type DomainState = (typeof DomainState)[keyof typeof DomainState]

/** Where a domain's CPU figures came from. */
export const CpuSource = {
  /** Nothing could be read: usage and delay of all its vCPUs are unknown. */
  none: 0,
  /** `schedstat` of the vCPU threads: usage and run-queue delay, exact to the nanosecond. */
  schedstat: 1,
  /** `virDomainGetVcpus`: usage in steps of 10 ms; the run-queue delay is unknown. */
  libvirt: 2,
  /** The simulated host: usage and delay, exact. */
  simulation: 3,
  /** Nothing of each vCPU: all of them share one thread (software emulation), and the domain has no vCPU rows. */
  threadOfAll: 4,
} as const
export type CpuSource = (typeof CpuSource)[keyof typeof CpuSource]

/** How the reading of one domain's memory statistics went. */
export const MemoryStatus = {
  /** Read in this sample. How old the guest's own report is, `lastUpdate` says. */
  fresh: 0,
  /** The domain did not answer within its deadline, or has not been asked again yet since. */
  stuck: 1,
  /** It ended between listing and reading. */
  gone: 2,
  /** libvirt reported an error. */
  failed: 3,
} as const
export type MemoryStatus = (typeof MemoryStatus)[keyof typeof MemoryStatus]

/**
 * What every active domain's vCPUs did since the last CPU sample, and where they are now.
 *
 * Flat: domain `i` is `domains[i]`; its vCPUs are the rows `vcpuStart[i]` up to, not including,
 * `vcpuStart[i + 1]`. Unknown is NaN in floating-point columns and -1 in `pcpu`, never a wrong
 * number: so the first sample, a new or restarted domain, a hot-plugged vCPU and a counter that went
 * backwards have NaN in `usage` and `delay`.
 */
export interface CpuSample {
  /** The same array object as in the sample before for as long as the set of domains is the same. */
  readonly domains: readonly DomainIdentity[]
  /**
   * Milliseconds for which libvirt has not said which domains run, though it was asked: `domains` and `state` are as before
   * then, while the counters were read now. 0, or left out: they are up to date.
   */
  readonly listAge?: number | undefined
  /** Monotonic clock at the reading, milliseconds; comparable only with the same host's `now()`. */
  readonly time: number
  /** Measured milliseconds since the sample before; NaN in the first. */
  readonly interval: number
  /** Per domain: {@link DomainState}. */
  readonly state: Uint8Array
  /** Per domain: {@link CpuSource}. */
  readonly source: Uint8Array
  /** One longer than `domains`: first vCPU row of each domain, then the number of rows. */
  readonly vcpuStart: Uint32Array
  /** Per vCPU row: its number within the domain (numbers may have gaps). */
  readonly vcpu: Uint32Array
  /** Per vCPU row: fraction of one pCPU that it ran, 0 to about 1. */
  readonly usage: Float64Array
  /** Per vCPU row: fraction of the interval that it was runnable and waited for a pCPU. */
  readonly delay: Float64Array
  /**
   * Per vCPU row: fraction of the interval for which a quota held it back; the kernel counts that as `delay` too, and
   * it is part of it here. Left out: not known of any.
   */
  readonly throttled?: Float64Array | undefined
  /** Per vCPU row: the pCPU that it ran on last. */
  readonly pcpu: Int32Array
  /** Words of 32 bits per affinity map. */
  readonly affinityWords: number
  /** Per vCPU row, `affinityWords` each: bit `c % 32` of word `c / 32` is pCPU `c`. All zero: unknown. */
  readonly affinity: Uint32Array
  /** Per pCPU of the host (by number, up to the highest): fraction of the interval it was busy with anything. */
  readonly pcpuBusy: Float64Array
  /**
   * Per domain, `affinityWords` each, like `affinity`: the online pCPUs that the kernel lets its vCPUs run on (the
   * effective cpuset of its cgroup). All zero, or left out: not known, as on a remote host.
   */
  readonly cpuset?: Uint32Array | undefined
}

/**
 * Every active domain's memory levels now. Columns are indexed like `domains`, in bytes unless said
 * otherwise; NaN is unknown. `actual` and `maximum` are known for a stuck domain too: libvirt reports
 * them without asking QEMU.
 */
export interface MemorySample {
  readonly domains: readonly DomainIdentity[]
  /** Monotonic clock at the reading, milliseconds. */
  readonly time: number
  /** Wall clock at the reading, milliseconds since the epoch: what `lastUpdate` is to be compared with. */
  readonly wallTime: number
  /** Per domain: {@link MemoryStatus}. */
  readonly status: Uint8Array
  /** Per domain: {@link DomainState}. */
  readonly state: Uint8Array
  /** Memory that the domain was defined with, virtio-mem devices included: what is beside these no balloon can grow beyond. */
  readonly maximum: Float64Array
  /**
   * The balloon's present size: memory that the guest has, without what virtio-mem devices have plugged. Of a domain that
   * was not read in this sample, or has no balloon, with that: libvirt knows the sum alone.
   */
  readonly actual: Float64Array
  /** What the guest sees as its total. */
  readonly available: Float64Array
  /** The guest's MemFree: ignores that page cache can be dropped. */
  readonly unused: Float64Array
  /** The guest's MemAvailable: counts droppable page cache as free. */
  readonly usable: Float64Array
  readonly diskCaches: Float64Array
  /** Bytes swapped in and out since the guest booted. */
  readonly swapIn: Float64Array
  readonly swapOut: Float64Array
  /** Count of major page faults since the guest booted. */
  readonly majorFaults: Float64Array
  /** Resident memory of the domain's QEMU on the host. */
  readonly rss: Float64Array
  /** What its QEMU has mapped of the host's huge pages, which `rss` leaves out; NaN where only libvirt is asked. */
  readonly hugePages: Float64Array
  /** The part of `rss` that is pages of mapped files; NaN where only libvirt is asked. */
  readonly rssFile: Float64Array
  /** When the guest itself made its report, milliseconds since the epoch in steps of a second; NaN: never. */
  readonly lastUpdate: Float64Array
  readonly host: HostMemory
}

/** The huge pages of one size in one NUMA cell, in bytes. No ordinary page ever comes from them. */
export interface HugePagePool {
  readonly cell: number
  readonly pageSize: number
  /** What the pool has, used or not. */
  readonly total: number
  /** What is in no use; NaN where the host does not report it. */
  readonly free: number
}

/** Memory of the host in bytes; NaN where the host does not report it. */
export interface HostMemory {
  /** All of it, huge pages among it. */
  readonly total: number
  /** Not used for anything. */
  readonly free: number
  /** What could be had without swapping: free and droppable cache. */
  readonly available: number
  /** Part of the last 10 s in which some task waited for memory, 0 to 1 (PSI, `some avg10`). */
  readonly pressure: number
  /** Pools that hold any page; neither in `free` nor in `available`. Default: none. */
  readonly hugePages?: readonly HugePagePool[] | undefined
  /** What the ZFS ARC holds above its minimum, which is not in `available`. Default: there is no ZFS, or it is not known. */
  readonly zfsArc?: number | undefined
}

/**
 * Whether a domain in this state can use a pCPU and answer its balloon. `blocked` is how some
 * hypervisors report a running domain that is idle.
 */
export function isRunning(state: DomainState): boolean {
  return state === DomainState.running || state === DomainState.blocked
}

/** libvirt's word for a state. */
export function stateName(state: DomainState): keyof typeof DomainState {
  const names = Object.keys(DomainState) as (keyof typeof DomainState)[]
  return names.find((name) => DomainState[name] === state) ?? 'noState'
}
