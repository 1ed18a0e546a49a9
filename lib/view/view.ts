import type { CpuQuota } from '../host/cpu-quota.ts'
import type { CpuSet } from '../host/cpuset.ts'
import type { PinnedMemory, VirtioMem } from '../host/domain-traits.ts'
import type { Ksm } from '../host/ksm.ts'
import type { DomainIdentity, DomainState, HugePagePool } from '../host/sample.ts'
import type { Pcpu, Topology } from '../host/topology.ts'
import type { DomainSettings } from './domain-settings.ts'

/**
 * What a policy sees at one tick. Plain data, made from Samples; nothing here calls the host. A value
 * that is not known is `undefined`, never a guess: it is no load and no reason to act.
 */
export interface View {
  /** Monotonic milliseconds of the host's clock when it was sampled; in an emergency tick, when its memory was. */
  readonly time: number
  /** Milliseconds since the epoch at the start of the tick. */
  readonly wallTime: number
  /** Measured milliseconds that usage and delay are over; undefined in the first View. */
  readonly interval: number | undefined
  readonly topology: Topology
  /**
   * pCPUs that vCPUs may be placed on: online, not reserved for the host, and within the cpuset of some managed domain.
   * {@link PcpuView.unusable} says why others are not among them.
   */
  readonly online: CpuSet
  readonly pcpus: readonly PcpuView[]
  readonly domains: readonly DomainView[]
  /** The vCPUs of all domains, in the order of `domains`. */
  readonly vcpus: readonly VcpuView[]
  readonly memory: HostMemoryView
}

/** Why no vCPU may be placed on an online pCPU; docs/reasons.md has each in words. */
export type UnusableReason =
  | { readonly kind: 'pcpu-reserved' } // by the option `hostCpus`
  | { readonly kind: 'pcpu-isolated' }
  | { readonly kind: 'pcpu-outside-cpuset'; readonly usable: CpuSet }
  | { readonly kind: 'pcpu-refused' }

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
  /** Why no vCPU may be placed on it; undefined: it is in {@link View.online}. */
  readonly unusable?: UnusableReason | undefined
  /** How much of a pCPU of full speed it is: 1, unless the host reports otherwise. */
  readonly capacity: number
}

export interface DomainView extends DomainIdentity {
  readonly state: DomainState
  readonly settings: DomainSettings
  /** NUMA cell in which most of its vCPUs ran when it was first seen: its memory is likely there. */
  readonly homeCell: number | undefined
  /**
   * The online pCPUs that the kernel lets it run on: its cpuset where that can be read, else all but those on which
   * pins were refused. Undefined: not known to be fewer than all.
   */
  readonly cpuset?: CpuSet | undefined
  readonly vcpus: readonly VcpuView[]
  /** Whether all its vCPUs share one thread: `vcpus` is empty then, and there is nothing to pin. Default: not known to. */
  readonly hasThreadOfAll?: boolean | undefined
  /**
   * Its `cpu_shares` now, on the host's own scale, of which only proportions mean something. Undefined: not known, or
   * not to be changed by Ballast; leave them alone.
   */
  readonly cpuShares?: number | undefined
  /** What its threads may use, by quotas. Undefined: not known, or not asked for. */
  readonly cpuQuota?: CpuQuota | undefined
  readonly memory: DomainMemoryView
}

export interface VcpuView {
  readonly domain: DomainView
  /** Number within the domain. */
  readonly vcpu: number
  /** pCPUs that it may run on now. Undefined: not known, leave it alone. */
  readonly affinity: CpuSet | undefined
  /**
   * What libvirt has it pinned to, offline pCPUs among them: what its owner or the last pin asked for, of which
   * `affinity` is what the kernel makes now. Undefined: not known.
   */
  readonly pin?: CpuSet | undefined
  /** pCPUs that it may be pinned to: online, in its domain's cpuset, not reserved for the host, and its user allows. */
  readonly allowed: CpuSet
  /** pCPU that it ran on last. */
  readonly pcpu: number | undefined
  /** Fraction of one pCPU that it ran over the interval, as measured. */
  readonly usage: number | undefined
  /**
   * Fraction of the interval that it was runnable and waited for a pCPU, as measured: without what its quotas held it
   * back. Undefined too where that cannot be told apart.
   */
  readonly delay: number | undefined
  /** Fraction of the interval for which its quotas held it back. Undefined: not known. */
  readonly throttled?: number | undefined
  /**
   * Fraction of one pCPU that it would use if it never waited, and may use by its quotas: smoothed, 0 to 1; undefined
   * too while its domain does not run. Balance this.
   */
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

/** Why a domain's balloon is not changed. Its memory is counted all the same. */
export type MemoryHold =
  | 'not running'
  | 'stuck'
  | 'failed'
  | 'booting' // it has not reported since it started, or booted anew, which was a short while ago
  | 'no device' // its definition has no balloon
  | 'no driver' // it has a balloon device, and nothing in the guest serves it
  | 'memory is pinned' // huge pages, locked memory or a passed-through device: the balloon would free nothing
  | 'no statistics period' // it is 0, so the guest reports nothing
  | 'no statistics' // for an unknown reason
  | 'stale statistics'
  | 'contradictory statistics'

/**
 * The balloon size that a guest needs, in bytes and in its parts, as of its last report (see
 * {@link DomainMemoryView.age}). Page cache that it can drop is no need. docs/memory.md has the formulas.
 */
export interface MemoryNeed {
  /** What its kernel and its programs use, what its kernel keeps out of its own total included. */
  readonly inUse: number
  /** Of what it was seen to swap out, what it is still likely to want back: decays. */
  readonly swapDebt: number
  /** What it may take before a decision of the next tick has an effect, by how fast it was seen to grow. */
  readonly burst: number
  /** The sum of these. */
  readonly total: number
  /** Bytes per second by which its use rises now; 0: it does not. */
  readonly growthPerSecond: number
}

/** What happened in a guest between the two last reports; each is false too when it is not known. */
export interface MemoryEvents {
  /** Bytes swapped out. */
  readonly swappedOut: number
  /** Major page faults per second. */
  readonly majorFaultsPerSecond: number
  /** It swaps, faults much, or has next to nothing left while it grows: it is to be helped now. */
  readonly underPressure: boolean
  /** Its use fell at once from nothing left: its OOM killer is likely to have ended a program. */
  readonly oomKilled: boolean
}

/**
 * How a balloon does what it was asked: `resting` has nothing to do, `following` moves, `refusing` has not moved
 * for a while and is not to be counted on.
 */
export type BalloonProgress = 'resting' | 'following' | 'refusing'

/** One domain's memory in bytes. While it does not answer, the last known levels with their growing age. */
export interface DomainMemoryView {
  /** Milliseconds since the guest itself made this report; undefined when it never did. */
  readonly age: number | undefined
  /** Undefined: may be managed. */
  readonly hold: MemoryHold | undefined
  /** What it can have at most, its virtio-mem devices as they are now. */
  readonly maximum: number | undefined
  /**
   * What it has now: the balloon's size, and what virtio-mem devices have plugged; while the guest boots anew all of its memory,
   * which it has until its driver is up.
   */
  readonly actual: number | undefined
  /** The size that Ballast last asked for, where the balloon may still be on its way to it. */
  readonly target: number | undefined
  /** What the guest sees as its total: below `actual` by what its kernel keeps. */
  readonly available: number | undefined
  /** The guest's MemFree. */
  readonly unused: number | undefined
  /** The guest's MemAvailable. */
  readonly usable: number | undefined
  /** Page cache. */
  readonly diskCaches: number | undefined
  /** Bytes swapped out since the memory sample before; undefined when either is unknown. */
  readonly swappedOut: number | undefined
  /** Bytes swapped in since the memory sample before. */
  readonly swappedIn: number | undefined
  /** Bytes swapped in and out, and number of major page faults, since the guest booted. Default: not known. */
  readonly swapIn?: number | undefined
  readonly swapOut?: number | undefined
  readonly majorFaults?: number | undefined
  /** Undefined while it is on hold. */
  readonly need: MemoryNeed | undefined
  /** Undefined while it is on hold, and in the first report. */
  readonly events: MemoryEvents | undefined
  readonly progress: BalloonProgress
  /** Monotonic milliseconds since when the balloon has not come closer to its target; undefined while it rests. */
  readonly stillSince?: number | undefined
  /** Resident memory of the domain's QEMU; huge pages are no part of it. */
  readonly rss: number | undefined
  /** What keeps its memory on the host, whatever its balloon says: then it counts with its maximum. Default: nothing does. */
  readonly pinned?: PinnedMemory | undefined
  /** What of its memory is on huge pages of the host's pools, and not in ordinary memory. Default: nothing is. */
  readonly hugePages?: number | undefined
  /** Its virtio-mem devices, which are left to their owner: all sizes here have what is plugged in them. Default: none. */
  readonly virtioMem?: VirtioMem | undefined
  /** Whether its memory is a file that it shares, and what of `rss` is pages of files. */
  readonly fileBacked?: boolean | undefined
  readonly rssFile?: number | undefined
}

/**
 * How short the host is of memory, by what it has available of its total, as ESX has it: at least 6 % is high, 4 % soft,
 * 2 % hard, below that low. A better state applies only when its edge is clearly passed. Pressure makes it worse by one.
 */
export type HostMemoryState = 'high' | 'soft' | 'hard' | 'low'

/** The huge pages of one size in one NUMA cell; `free` is undefined where the host does not report it. Bytes. */
export interface HugePageView extends Omit<HugePagePool, 'free'> {
  readonly free: number | undefined
}

/** Memory of the host in bytes. */
export interface HostMemoryView {
  /** What it has in ordinary pages: all but `hugePages`. */
  readonly total: number
  readonly free: number | undefined
  /** Free and droppable cache; the part of the ZFS ARC that it can give back, too, where `countZfsArc` says so. */
  readonly available: number | undefined
  /** Pools of huge pages: no ordinary memory, used or not. Undefined: there is none. */
  readonly hugePages?: readonly HugePageView[] | undefined
  /** What the ZFS ARC holds above its minimum; undefined where there is no ZFS. */
  readonly zfsArc?: number | undefined
  readonly state: HostMemoryState
  /** Part of the last 10 s in which some task waited for memory (PSI), 0 to 1; undefined where the host does not report it. */
  readonly pressure: number | undefined
  /** What policies leave to the host: the guard's `hostMemoryReserve`. */
  readonly reserve: number
  /** What is kept free for guests about to start. */
  readonly reserved: number
  /** What the domains may hold in all, balloons and hypervisor overhead together: `total - reserve - reserved`. */
  readonly budget: number
  /** KSM; undefined where there is none, or where no policy sets it. What it saves is never part of the budget. */
  readonly ksm?: Ksm | undefined
  /** What they hold now: sum of max(actual, target) and overhead, as the guard counts it. */
  readonly committed: number
}
