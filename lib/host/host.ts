import type { CpuQuota } from './cpu-quota.ts'
import type { CpuSet } from './cpuset.ts'
import type { DomainTraits } from './domain-traits.ts'
import type { Ksm, KsmSettings } from './ksm.ts'
import type { CpuSample, DomainIdentity, DomainState, MemorySample } from './sample.ts'
import type { Topology } from './topology.ts'

/** The host's own sense of time: real on a live host, virtual on a simulated one. */
export interface Clock {
  /** Monotonic milliseconds since an arbitrary origin. */
  now(): number
  /** Milliseconds since the epoch. */
  wallTime(): number
  /** Resolves when `now()` has reached `time`; at once when it has already. Rejects with the signal's reason on abort. */
  sleepUntil(time: number, signal?: AbortSignal): Promise<void>
}

/** What a Host reports by itself. */
export type HostEvent =
  | {
      readonly kind: 'lifecycle'
      readonly domain: DomainIdentity
      /** What happened, in libvirt's words. */
      readonly event:
        | 'defined'
        | 'undefined'
        | 'started'
        | 'suspended'
        | 'resumed'
        | 'stopped'
        | 'shutdown'
        | 'pmsuspended'
        | 'crashed'
        | 'other'
    }
  /** A guest began to boot anew, within the same run of its domain: by itself, or because somebody reset it. */
  | { readonly kind: 'reboot'; readonly domain: DomainIdentity }
  /** The balloon of a domain has come to a new size. */
  | { readonly kind: 'balloon'; readonly domain: DomainIdentity; readonly actual: number }
  /** Somebody, perhaps we, pinned a vCPU. */
  | {
      readonly kind: 'vcpuPin'
      readonly domain: DomainIdentity
      readonly vcpu: number
      readonly cpus: CpuSet
    }
  /** Somebody, perhaps we, changed a domain's `cpu_shares`. */
  | { readonly kind: 'cpuShares'; readonly domain: DomainIdentity; readonly shares: number }
  /** Somebody changed the {@link Host.cpuQuota} of a domain. */
  | { readonly kind: 'cpuQuota'; readonly domain: DomainIdentity }
  /** The {@link Host.domainMetadata} of a domain has changed. */
  | { readonly kind: 'metadata'; readonly domain: DomainIdentity }
  /** A device was plugged in or out, or a memory device (virtio-mem) has come to another size. */
  | {
      readonly kind: 'device'
      readonly domain: DomainIdentity
      readonly alias: string
      readonly change: 'added' | 'removed' | 'resized'
    }
  /**
   * A live migration of a domain away from here has begun, whoever began it, or has ended, whatever came of it. Meanwhile
   * calls that change the domain wait for its end.
   */
  | { readonly kind: 'migration'; readonly domain: DomainIdentity; readonly state: 'begun' | 'ended' }
  /** The daemon is gone; the host reconnects, and every call fails with `ERR_DISCONNECTED` until then. */
  | { readonly kind: 'disconnected'; readonly reason: string }
  /** The daemon is back. Events in between were lost: nothing that was known before need still be true. */
  | { readonly kind: 'connected' }
  /** The daemon is gone; every later call fails with `ERR_CONNECTION_LOST`. */
  | { readonly kind: 'closed'; readonly reason: 'error' | 'eof' | 'keepalive' | 'client' }

/**
 * Which domain is to be changed: by its UUID, whichever run of it there is, or exactly one run. What was decided on for
 * one run means nothing for the next: once it is over, the call rejects with `ERR_NO_DOMAIN` or `ERR_DOMAIN_NOT_RUNNING`.
 */
export type DomainRef = string | Pick<DomainIdentity, 'uuid' | 'id'>

export type HostListener = (event: HostEvent) => void

/**
 * Something that has pCPUs, memory and domains. Two implementations: `connect()` for libvirt and
 * `simulate()` for a simulated host; both pass the conformance suite in `test/conformance`.
 *
 * Every call that can fail rejects with a `BallastError` (`LibvirtError` on libvirt). After `close()`
 * each call rejects with `ERR_ALREADY_CLOSED`. A domain is named by its UUID, since names can be reused.
 */
export interface Host extends AsyncDisposable {
  /** What was connected to, without secrets. */
  readonly uri: string
  /**
   * As of the last CPU sample, or the connection: another object once pCPUs were switched on or off. It never has
   * a pCPU in two places, nor fewer numbers (`cpuCount`) than before.
   */
  readonly topology: Topology
  readonly clock: Clock
  readonly readOnly: boolean

  /** The active domains. */
  domains(): Promise<Domain[]>
  /** The active domain with this name or UUID; rejects with `ERR_NO_DOMAIN`. */
  domain(nameOrUuid: string): Promise<Domain>

  /** What the vCPUs did since this host's last CPU sample. Never waits for a guest's monitor. */
  sampleCpu(): Promise<CpuSample>
  /** Memory levels now. A guest that does not answer in time is marked `stuck`; the others are fresh. */
  sampleMemory(): Promise<MemorySample>

  /**
   * Pins a vCPU of a running domain, live, to a set of pCPUs. Those of them that are offline, or that the domain's
   * cpuset leaves out, count when they come. Rejects with `ERR_INVALID_ARGUMENT` for an empty set, pCPUs that the
   * host cannot have or a vCPU that the domain does not have, and nothing is changed then; with `ERR_PCPU_UNUSABLE`
   * for a set of which nothing can be used now (under cgroups v1: not all). Then libvirt may have written the vCPU's
   * cpuset all the same, and once the set can be used the kernel moves the vCPU there: pin it to what it had.
   */
  pinVcpu(domain: DomainRef, vcpu: number, cpus: CpuSet): Promise<void>
  /**
   * What each vCPU of a running domain is pinned to, by number, offline pCPUs among them: what its owner, or the last
   * pin, wants, and not what the kernel makes of it now. A vCPU that is pinned to all that is online is taken to be
   * free: it has all numbers below `cpuCount`. Empty where the host does not tell. Never waits for a guest's monitor,
   * and is no call for every tick.
   */
  vcpuPins(uuid: string): Promise<ReadonlyMap<number, CpuSet>>
  /**
   * Asks a running domain's balloon for a size in bytes (a whole number of KiB). The call returning says
   * nothing of whether memory moves: watch `actual`. `ERR_INVALID_ARGUMENT` for 0 or above the maximum.
   */
  setMemory(domain: DomainRef, bytes: number): Promise<void>
  /** Makes the guest report its memory every `seconds` seconds (0: never). Lost when the guest restarts. */
  setMemoryStatsPeriod(domain: DomainRef, seconds: number): Promise<void>

  /**
   * A running domain's `cpu_shares`: the weight of all its vCPUs together against those of other domains, where pCPUs
   * are short. Its scale is the host's (1,024 is usual with cgroups v1, 100 with v2); only proportions mean
   * something. Rejects with `ERR_NOT_SUPPORTED` where the host has no such weights, as in session mode. Never waits
   * for a guest's monitor.
   */
  cpuShares(uuid: string): Promise<number>
  /** Changes them, live. Which numbers can be is up to the host: 2 to 262,144 with cgroups v1, 1 to 10,000 with v2. */
  setCpuShares(domain: DomainRef, shares: number): Promise<void>

  /**
   * The quotas of a running domain (CFS bandwidth control); none where the host has no such thing, as in session mode.
   * Never waits for a guest's monitor, and is no call for every tick: a `cpuQuota` event says that they changed.
   */
  cpuQuota(uuid: string): Promise<CpuQuota>

  /** Same-page merging on this host; undefined where it has none. Never waits for a guest's monitor. */
  ksm(): Promise<Ksm | undefined>
  /** Sets its pace. Rejects where the host has none (`ERR_NOT_SUPPORTED`) or we may not, as in session mode. */
  setKsm(settings: KsmSettings): Promise<void>

  /**
   * The element of a domain's metadata in Ballast's namespace (`metadataNamespace`), as XML; undefined
   * where there is none. Never waits for a guest's monitor.
   */
  domainMetadata(uuid: string): Promise<string | undefined>

  /**
   * What a running domain is made of. Never waits for a guest's monitor, and is no call for every tick: it changes by
   * a restart or a `device` event.
   */
  domainTraits(uuid: string): Promise<DomainTraits>

  /** Calls `listener` for each event from now on; returns the function that stops it. */
  subscribe(listener: HostListener): () => void
  /** Ends the connection. Idempotent. */
  close(): Promise<void>
}

/** One active domain of a {@link Host}: what it was when it was listed, and what can be done with it. */
export class Domain implements DomainIdentity {
  readonly uuid: string
  readonly name: string
  readonly id: number
  /** When it was listed. */
  readonly state: DomainState
  readonly #host: Host

  constructor(host: Host, identity: DomainIdentity, state: DomainState) {
    this.#host = host
    this.uuid = identity.uuid
    this.name = identity.name
    this.id = identity.id
    this.state = state
  }

  /** See {@link Host.pinVcpu}. */
  pinVcpu(vcpu: number, cpus: CpuSet): Promise<void> {
    return this.#host.pinVcpu(this.uuid, vcpu, cpus)
  }

  /** See {@link Host.setMemory}. */
  setMemory(bytes: number): Promise<void> {
    return this.#host.setMemory(this.uuid, bytes)
  }

  /** See {@link Host.setMemoryStatsPeriod}. */
  setMemoryStatsPeriod(seconds: number): Promise<void> {
    return this.#host.setMemoryStatsPeriod(this.uuid, seconds)
  }
}
