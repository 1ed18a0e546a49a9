import type { Topology } from '../host/topology.ts'

/**
 * What a simulated host is and what happens on it: plain data that can be kept as JSON. Times are
 * virtual milliseconds since the start, sizes are bytes. The physics that act on it are described in
 * docs/simulation.md.
 */
export interface Scenario {
  /** Same scenario, same seed, same calls: the same samples, to the bit. Default 1. */
  readonly seed?: number
  /**
   * How many pCPUs (one socket, one thread each, one NUMA cell), the shape of the host, or the whole topology of another
   * (`host.topology`, which JSON does not keep); `offline` and `online` then know its online pCPUs alone.
   */
  readonly pcpus: number | HostShape | Topology
  /** pCPUs that are offline at first, as a CPU list. Default: none. */
  readonly offline?: string
  /** The cpuset of the cgroup that all guests are in (`machine.slice`), as a CPU list. Default `any`: all there are. */
  readonly cpuset?: string
  /** Version of cgroups: what the kernel makes of pins and cpusets. Default `v2`. */
  readonly cgroups?: 'v1' | 'v2'
  /** Whether it is another machine, whose cgroups cannot be read. Default false. */
  readonly remote?: boolean
  /** Memory of the host. Default 16 GiB, or that of its topology. */
  readonly memory?: number
  /**
   * Bytes of that memory that are a pool of huge pages of 2 MiB, used or not. Default: what all its domains that are on
   * huge pages have as their maximum.
   */
  readonly hugePages?: number
  /**
   * Fraction of a pCPU that the host's own work takes, 0 to 1, served as fairly as the guests: the same on each, or a
   * list with one for each pCPU. Default 0.02.
   */
  readonly background?: number | readonly number[]
  /** How long a memory sample waits for a guest that does not answer before it marks it `stuck`. Default 1,000 ms. */
  readonly memoryDeadline?: number
  /** How long any other call waits for a guest that does not answer. Default 10,000 ms. */
  readonly callDeadline?: number
  /** Whether the host has KSM. Its settings are kept, and no two pages are ever equal. Default true. */
  readonly ksm?: boolean
  readonly domains: readonly DomainScenario[]
  /** What happens later; in any order. */
  readonly changes?: readonly Change[]
}

/** pCPUs as hardware has them. They are numbered as Linux does: the first threads of all cores, then the second ones. */
export interface HostShape {
  /** Default 1. */
  readonly sockets?: number
  /** Cores in each socket. */
  readonly cores: number
  /** SMT threads of each core. Default 1. */
  readonly threads?: number
  /** How much work each core of a socket does against the largest: a list of fractions, of which one is 1. Default: all the same. */
  readonly capacities?: readonly number[]
  /** NUMA cells; the cores are dealt to them evenly, in order. Default: one for each socket. */
  readonly cells?: number
}

export interface DomainScenario {
  /** Names the domain in `changes` too; unique. */
  readonly name: string
  /** Whether it runs, booted, from the beginning. Default true. */
  readonly running?: boolean
  /** Default: one that is idle and free to run anywhere. */
  readonly vcpus?: readonly VcpuScenario[]
  readonly memory?: MemoryScenario
  /** Default: none. A restart sets it again. */
  readonly cpuQuota?: QuotaScenario
  /** The element in Ballast's namespace of its metadata, as XML, such as `<settings managed='no'/>`. Default: none. */
  readonly metadata?: string
}

/** CFS bandwidth control of a domain's vCPUs; what is left out is not limited. */
export interface QuotaScenario {
  /** What each vCPU may use, in pCPUs: 0.25 is a quarter of one. */
  readonly vcpu?: number
  /** What they may use together, in pCPUs. */
  readonly global?: number
  /** Milliseconds of a period. Default 100. */
  readonly period?: number
}

export interface VcpuScenario {
  /** A CPU list such as `0-3,^2`, or `any`, the default. A restart sets it again. */
  readonly affinity?: string
  /** Default idle. */
  readonly load?: Load
}

/** What a vCPU does. Work is measured in milliseconds that it takes alone on a pCPU. */
export type Load =
  /** An idle guest: 0 to 3 % of a pCPU, drawn anew each second. */
  | { readonly kind: 'idle' }
  /** Computes without end. */
  | { readonly kind: 'spin' }
  /** Closed loop: `work` ms of work, then `sleep` ms of sleep. Its usage falls when it has to wait. */
  | { readonly kind: 'loop'; readonly work: number; readonly sleep: number }
  /** Open loop: `work` ms of work arrive every 100 ms; what is not done waits, up to a second's worth of it. */
  | { readonly kind: 'work'; readonly work: number }

export interface MemoryScenario {
  /** No balloon grows beyond it. Default 1 GiB. */
  readonly maximum?: number
  /** Size of the balloon when the guest starts. Default: the maximum. */
  readonly actual?: number
  /** Its virtio-mem device, in bytes beside the maximum of its balloon: its size, and what its owner wants plugged. Default: none. */
  readonly virtioMem?: { readonly size: number; readonly requested: number }
  /** What the guest's program does from the beginning. Default: it holds nothing. */
  readonly program?: Program
  /** Page cache that the guest drops when it needs the room. Default 32 MiB. */
  readonly cache?: number
  /**
   * Bytes that the guest's kernel keeps from its programs: what is free or in the page cache, less what it reports as usable
   * (MemAvailable). Default 16 MiB.
   */
  readonly reserve?: number
  /** Where the guest can put what does not fit. `zram` keeps it, compressed, in the guest's own memory. Default `none`. */
  readonly swap?: 'none' | 'disk' | 'zram'
  /**
   * `no-driver`: the guest does not answer its balloon: requests are accepted, nothing moves, there are no statistics.
   * `no-device`: requests are refused as well. `refuses`: the guest reports, accepts requests, and nothing moves.
   * Default `works`.
   */
  readonly balloon?: 'works' | 'no-driver' | 'no-device' | 'refuses'
  /** Part of the usual speed at which its balloon moves, above 0 and up to 1, the default. */
  readonly balloonSpeed?: number
  /** Milliseconds that a report takes from the guest to the host; it says when it was made. Default 0. */
  readonly reportDelay?: number
  /**
   * In what its reports are wrong: that all is free, that all is used, that nothing was ever swapped, or whatever it said the
   * first time. Default: in nothing.
   */
  readonly lie?: 'all free' | 'all used' | 'no swap' | 'same again'
  /**
   * All of it stays on the host, whatever the balloon does, for this reason; on huge pages it comes from the host's pool,
   * and QEMU's resident memory does not show it. Default: it does not.
   */
  readonly pinned?: 'huge pages' | 'locked' | 'passthrough'
}

/** One program in a guest that holds memory and really uses it. */
export interface Program {
  /** Bytes that it comes to hold. What it holds above that it frees at once. */
  readonly size: number
  /** Bytes that it takes more each second until it has them. Default 512 MiB. */
  readonly rate?: number
  /** Bytes of what it holds that it touches each second: what was swapped out must come back for that. Default 0. */
  readonly touch?: number
  /** Bytes of files that it reads over and over, anywhere in them: what is in the page cache is read sooner. Default 0. */
  readonly files?: number
  /** Whether it is the program of before, with more or less to do: if that was killed, it stays so. Default false: a new one. */
  readonly goesOn?: boolean
}

/** Something that happens to one domain, or to the host, `at` milliseconds after the start. */
export type Change = DomainChange | HostChange

export type HostChange = { readonly at: number } & (
  | {
      /** The host's own work on one pCPU turns more or less. */
      readonly kind: 'background'
      readonly pcpu: number
      /** Fraction of the pCPU that it takes from now on, 0 to 1. */
      readonly part: number
    }
  /** The host's own programs come to hold `bytes`; they have 384 MiB at first. */
  | { readonly kind: 'hostPrograms'; readonly bytes: number }
  /** A pCPU is switched off, or on again. */
  | { readonly kind: 'offline'; readonly pcpu: number }
  | { readonly kind: 'online'; readonly pcpu: number }
  /** The cpuset of all guests becomes another: a CPU list, or `any`. */
  | { readonly kind: 'cpuset'; readonly cpus: string }
)

export type DomainChange = { readonly at: number; readonly domain: string } & (
  | {
      readonly kind: 'load'
      readonly load: Load
      /** Default: all vCPUs. */ readonly vcpu?: number
    }
  | { readonly kind: 'program'; readonly program: Program }
  /** Another program gives it these quotas, and no others. */
  | { readonly kind: 'cpuQuota'; readonly cpuQuota: QuotaScenario }
  /** Hot-plugs one more vCPU; it is gone after a restart. */
  | { readonly kind: 'plug'; readonly vcpu: VcpuScenario }
  /** Hot-unplugs its last vCPU. */
  | { readonly kind: 'unplug' }
  /** `bytes` of memory are hot-plugged, or unplugged where it is below 0: its maximum and its balloon change by it. */
  | { readonly kind: 'plugMemory'; readonly bytes: number }
  /** Its owner wants so much of its virtio-mem device plugged. */
  | { readonly kind: 'virtioMem'; readonly requested: number }
  /** Another program asks its balloon for a size. */
  | { readonly kind: 'balloon'; readonly bytes: number }
  /** Another program pins a vCPU: a CPU list, or `any`. */
  | { readonly kind: 'pin'; readonly vcpu: number; readonly affinity: string }
  /**
   * `start` and `restart` boot the guest: about 4.5 s of work on its first vCPU, and no balloon driver until then. It
   * comes up as the scenario has it at first, without pins and without a statistics period.
   * `reboot` boots it anew within the same run: it has all of its memory until its driver is up, and meanwhile its balloon
   * and its last report are told as they were.
   * `stick` is SIGSTOP for its QEMU: nothing in it runs and its monitor does not answer, though it is "running"; `unstick` is SIGCONT.
   */
  | { readonly kind: 'start' | 'stop' | 'restart' | 'reboot' | 'pause' | 'resume' | 'stick' | 'unstick' }
  /** It migrates here, running as the scenario has it at first; or away, and is not known here any more, as a transient one that ends. */
  | { readonly kind: 'arrive' | 'leave' }
  /** It ends, is undefined, and another with a UUID of its own is defined under its name and starts. */
  | { readonly kind: 'replace' }
  /** It ends, since libvirt renames only what does not run, and starts with another name. `changes` go on with its first. */
  | { readonly kind: 'rename'; readonly name: string }
)
