import { CpuSet } from '../host/cpuset.ts'

/** Which pCPUs the kernel lets one vCPU run on, and what it makes that of. */
export interface VcpuCpuset {
  /** What libvirt has it pinned to: what the last pin that succeeded asked for. */
  pin: CpuSet
  /** What libvirt wrote to the cpuset of its thread's own cgroup; undefined: nothing, it is that of all guests. */
  written: CpuSet | undefined
  /** What the thread itself was given by `sched_setaffinity`. */
  mask: CpuSet
}

/**
 * The online pCPUs of a host and the cpuset of the cgroup that all its guests are in, with what Linux and libvirt make of
 * pins under both versions of cgroups. docs/simulation.md has the rules.
 */
export class Cpusets {
  /** All pCPUs that the host can have. */
  readonly all: CpuSet
  readonly #version: 'v1' | 'v2'
  #online: CpuSet
  /** As it was written; under v1 less what went offline since. */
  #guests: CpuSet

  constructor(all: CpuSet, version: 'v1' | 'v2', online: CpuSet, guests: CpuSet) {
    this.all = all
    this.#version = version
    this.#online = online
    this.#guests = version === 'v1' ? guests.and(online) : guests
  }

  get online(): CpuSet {
    return this.#online
  }

  /** Where guests may run now. */
  get effective(): CpuSet {
    return orElse(this.#guests.and(this.#online), this.#online)
  }

  /** One that is pinned from its start, or to all pCPUs. */
  begin(cpus: CpuSet): VcpuCpuset {
    const isFree = cpus.equals(this.all)
    return { pin: cpus, written: isFree ? undefined : cpus, mask: cpus }
  }

  /** What the kernel makes of it now. Never empty: where nothing of what is wanted can be used, all that can be is. */
  affinityOf({ written, mask }: VcpuCpuset): CpuSet {
    const cpuset = written ? orElse(written.and(this.effective), this.effective) : this.effective
    return orElse(mask.and(cpuset), cpuset)
  }

  /**
   * As libvirt pins: it writes the cpuset first, then sets the affinity of the thread. Returns what the kernel says when it
   * refuses. Under v2 it takes any cpuset, which stays written when the affinity is refused then; under v1 none that is
   * not within that of all guests.
   */
  pin(vcpu: VcpuCpuset, cpus: CpuSet): string | undefined {
    if (this.#version === 'v1' && !cpus.isSubsetOf(this.#guests)) return 'cpuset.cpus: Permission denied'
    vcpu.written = cpus
    if (cpus.and(this.effective).isEmpty) return 'cannot set CPU affinity: Invalid argument'
    vcpu.mask = cpus
    vcpu.pin = cpus
    return undefined
  }

  /** Under v1 an offline pCPU is lost to every cpuset, and none has it again when it comes back. */
  setOnline(pcpu: number, isOnline: boolean, vcpus: Iterable<VcpuCpuset>): void {
    const one = CpuSet.of(pcpu)
    this.#online = isOnline ? this.#online.or(one) : this.#online.minus(one)
    if (this.#version === 'v1' && !isOnline) this.#narrow(this.#guests.minus(one), vcpus)
  }

  /** Writes the cpuset of all guests. */
  setGuests(cpus: CpuSet, vcpus: Iterable<VcpuCpuset>): void {
    if (this.#version === 'v1') this.#narrow(cpus.and(this.#online), vcpus)
    else this.#guests = cpus
  }

  /** A cpuset without a pCPU has no threads: they go to the one above. */
  #narrow(guests: CpuSet, vcpus: Iterable<VcpuCpuset>): void {
    this.#guests = guests
    for (const vcpu of vcpus) {
      const left = vcpu.written?.and(guests)
      vcpu.written = left?.isEmpty ? undefined : left
    }
  }
}

function orElse(cpus: CpuSet, other: CpuSet): CpuSet {
  return cpus.isEmpty ? other : cpus
}
