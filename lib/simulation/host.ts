import type { CpuQuota } from '../host/cpu-quota.ts'
import type { CpuSet } from '../host/cpuset.ts'
import type { DomainTraits } from '../host/domain-traits.ts'
import { BallastError, type ErrorCode } from '../host/errors.ts'
import { type Clock, Domain, type DomainRef, type Host, type HostListener } from '../host/host.ts'
import type { Ksm, KsmSettings } from '../host/ksm.ts'
import type { CpuSample, MemorySample } from '../host/sample.ts'
import type { Topology } from '../host/topology.ts'
import { KiB } from '../util/units.ts'
import type { Guest } from './guest.ts'
import { Machine } from './machine.ts'
import { CpuSampler, sampleMemory } from './sampler.ts'
import type { Scenario } from './scenario.ts'
import { type HostToll, type Truth, truthOf } from './truth.ts'
import { validateScenario } from './validate.ts'

/** How long libvirt waits for a domain whose monitor is taken before it gives up. */
const libvirtJobWait = 30_000
const defaultMemoryDeadline = 1_000
/** As the kernel has it with cgroups v1. */
const cpuSharesRange = { least: 2, most: 262_144 }
/** What a kernel begins with. */
const kernelKsm = { running: true, pagesToScan: 100, sleep: 20 }
const defaultCallDeadline = 10_000

/** A {@link Host} that is worked out instead of connected to. */
export interface SimulatedHost extends Host {
  /** What is really so in a running domain; undefined when it does not run. */
  truth(uuid: string): Truth | undefined
  /** What is really so of the host itself, per pCPU: the fraction of it that the host's own work wants. */
  readonly background: readonly number[]
  /** Bytes of its memory that are a pool of huge pages. */
  readonly hugePages: number
  /** What missing memory has done so far to all guests together, those that have ended among them. */
  readonly toll: HostToll
}

/**
 * A simulated host. Its time is virtual: it passes only in `host.clock.sleepUntil()`, and there as fast
 * as it can be worked out. It is deterministic, and needs neither libvirt nor Node. Its physics are
 * described in docs/simulation.md.
 *
 * Throws `TypeError` for a scenario that makes no sense.
 */
export function simulate(scenario: Scenario): SimulatedHost {
  validateScenario(scenario)
  return new Simulation(scenario)
}

class Simulation implements SimulatedHost {
  readonly uri = 'simulation:///'
  readonly readOnly = false
  readonly clock: Clock
  readonly #machine: Machine
  readonly #cpuSampler: CpuSampler
  readonly #memoryDeadline: number
  readonly #callDeadline: number
  #ksm: (KsmSettings & { readonly running: boolean }) | undefined
  #closed = false

  constructor(scenario: Scenario) {
    this.#machine = new Machine(scenario)
    this.#cpuSampler = new CpuSampler(this.#machine, scenario.remote ?? false)
    if (scenario.ksm ?? true) this.#ksm = kernelKsm
    this.#memoryDeadline = scenario.memoryDeadline ?? defaultMemoryDeadline
    this.#callDeadline = scenario.callDeadline ?? defaultCallDeadline
    this.clock = this.#machine.clock
  }

  get topology(): Topology {
    return this.#machine.topology
  }

  async domains(): Promise<Domain[]> {
    this.#assertOpen()
    return this.#machine.domains.map((domain) => {
      return new Domain(this, domain, this.#machine.guest(domain.uuid)!.state)
    })
  }

  async domain(nameOrUuid: string): Promise<Domain> {
    const domains = await this.domains()
    const found = domains.find(({ name, uuid }) => uuid === nameOrUuid || name === nameOrUuid)
    if (!found) throw new BallastError('ERR_NO_DOMAIN', `No running domain ${JSON.stringify(nameOrUuid)}`)
    return found
  }

  async sampleCpu(): Promise<CpuSample> {
    this.#assertOpen()
    return this.#cpuSampler.sample()
  }

  async sampleMemory(): Promise<MemorySample> {
    this.#assertOpen()
    const unheard = this.#machine.guests.filter((guest) => guest.stuck && !guest.knownStuck)
    if (unheard.length > 0) {
      const allAnswer = () => unheard.every((guest) => !guest.stuck)
      await this.#machine.clock.until(this.clock.now() + this.#memoryDeadline, allAnswer)
      for (const guest of unheard) guest.knownStuck = guest.stuck
      this.#assertOpen()
    }
    return sampleMemory(this.#machine)
  }

  async pinVcpu(domain: DomainRef, vcpu: number, cpus: CpuSet): Promise<void> {
    const guest = this.#run(domain)
    if (cpus.isEmpty) throw wrong('Cannot pin a vCPU to no pCPU at all')
    const { all } = this.#machine.cpusets
    if (!cpus.isSubsetOf(all)) throw wrong(`Cannot pin to pCPUs ${cpus}: this host can have ${all}`)
    if (guest.vcpus.tasks[vcpu] === undefined) {
      throw wrong(`${guest.identity.name} has no vCPU ${vcpu}: it has ${guest.vcpus.tasks.length}`)
    }
    await this.#job(guest, 'pin a vCPU of', () => {
      const refusal = this.#machine.pin(guest, vcpu, cpus)
      if (refusal === undefined) return
      throw new BallastError('ERR_PCPU_UNUSABLE', `Cannot pin vCPU ${vcpu} to ${cpus}: ${refusal}`)
    })
  }

  async vcpuPins(uuid: string): Promise<ReadonlyMap<number, CpuSet>> {
    const { online, all } = this.#machine.cpusets
    // As libvirt, which has no other word for a vCPU that is not pinned.
    const pins = this.#guest(uuid).vcpus.cpusets.map(({ pin }) => (online.isSubsetOf(pin) ? all : pin))
    return new Map(pins.entries())
  }

  async setMemory(domain: DomainRef, bytes: number): Promise<void> {
    const guest = this.#run(domain)
    const { maximum } = guest.memory
    if (!Number.isInteger(bytes / KiB) || bytes <= 0 || bytes > maximum) {
      const { name } = guest.identity
      throw wrong(
        `Expected whole KiB above 0 and up to ${maximum} bytes for the memory of ${name}, got ${bytes}`,
      )
    }
    this.#assertBalloon(guest)
    await this.#job(guest, 'set the memory of', () => {
      guest.memory.target = bytes
    })
  }

  async setMemoryStatsPeriod(domain: DomainRef, seconds: number): Promise<void> {
    const guest = this.#run(domain)
    if (!Number.isInteger(seconds) || seconds < 0) {
      throw wrong(`Expected whole seconds from 0 on for the memory statistics period, got ${seconds}`)
    }
    this.#assertBalloon(guest)
    await this.#job(guest, 'set the memory statistics period of', () => {
      guest.reports.setPeriod(seconds, this.clock.now())
    })
  }

  async cpuShares(uuid: string): Promise<number> {
    return this.#guest(uuid).vcpus.cpuShares
  }

  async cpuQuota(uuid: string): Promise<CpuQuota> {
    return this.#guest(uuid).vcpus.cpuQuota
  }

  async setCpuShares(domain: DomainRef, shares: number): Promise<void> {
    const guest = this.#run(domain)
    const { least, most } = cpuSharesRange
    if (!Number.isInteger(shares) || shares < least || shares > most) {
      throw wrong(`Expected cpu_shares to be a whole number from ${least} to ${most}, got ${shares}`)
    }
    await this.#job(guest, 'set the cpu_shares of', () => {
      this.#machine.setCpuShares(guest, shares)
    })
  }

  async ksm(): Promise<Ksm | undefined> {
    this.#assertOpen()
    return this.#ksm && { ...this.#ksm, canSwitch: true, advisor: undefined, saved: 0 }
  }

  async setKsm({ running, pagesToScan, sleep }: KsmSettings): Promise<void> {
    this.#assertOpen()
    if (!this.#ksm) throw new BallastError('ERR_NOT_SUPPORTED', 'This host has no KSM')
    for (const value of [pagesToScan, sleep]) {
      if (!Number.isInteger(value) || value < 0) {
        throw wrong(`Expected the rate of KSM to be whole numbers from 0 on, got ${value}`)
      }
    }
    this.#ksm = { running: running ?? this.#ksm.running, pagesToScan, sleep }
  }

  async domainMetadata(uuid: string): Promise<string | undefined> {
    return this.#guest(uuid).metadata
  }

  async domainTraits(uuid: string): Promise<DomainTraits> {
    const { balloon, statsPeriodSeconds, pinnedMemory, memory } = this.#guest(uuid)
    const { device } = memory
    return {
      balloon: balloon === 'no-device' ? 'none' : 'virtio',
      statsPeriodSeconds,
      pinnedMemory,
      ...(memory.hugePages > 0 && { hugePages: memory.hugePages }),
      ...(device.size > 0 && {
        virtioMem: { size: device.size, requested: device.requested, current: device.plugged },
      }),
    }
  }

  subscribe(listener: HostListener): () => void {
    return this.#machine.listeners.subscribe((event) => {
      if (!this.#closed) listener(event)
    })
  }

  truth(uuid: string): Truth | undefined {
    const guest = this.#machine.guest(uuid)
    return guest && truthOf(guest)
  }

  get toll(): HostToll {
    const { toll, unheldMemory, hostSwapped } = this.#machine
    return { ...toll, hostFree: unheldMemory, hostSwapped }
  }

  get hugePages(): number {
    return this.#machine.hugePages.bytes
  }

  get background(): readonly number[] {
    return this.#machine.processors.background
  }

  async close(): Promise<void> {
    this.#closed = true
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** Does `act` now, or when a guest that is stuck answers; the caller waits for that no longer than the deadline. */
  async #job(guest: Guest, what: string, act: () => void): Promise<void> {
    if (!guest.stuck) return act()
    const now = this.clock.now()
    let failure: unknown
    const attempt = () => {
      try {
        act()
      } catch (error) {
        failure = error
      }
    }
    const job = { until: now + libvirtJobWait, done: false, act: attempt }
    guest.jobs.push(job)
    const ended = () => this.#machine.guest(guest.identity.uuid) !== guest
    const deadline = Math.min(this.#callDeadline, libvirtJobWait)
    await this.#machine.clock.until(now + deadline, () => job.done || ended())
    if (failure) throw failure
    if (job.done) return
    const { name } = guest.identity
    if (ended()) throw new BallastError('ERR_NO_DOMAIN', `${name} has ended`)
    throw deadline < libvirtJobWait
      ? new BallastError('ERR_TIMEOUT', `Could not ${what} ${name} within ${deadline} ms: it does not answer`)
      : new BallastError('ERR_DOMAIN_BUSY', `Could not ${what} ${name}: another job holds it`)
  }

  #guest(uuid: string): Guest {
    this.#assertOpen()
    const guest = this.#machine.guest(uuid)
    if (guest) return guest
    const code: ErrorCode = this.#machine.isDefined(uuid) ? 'ERR_DOMAIN_NOT_RUNNING' : 'ERR_NO_DOMAIN'
    throw new BallastError(code, `No running domain ${JSON.stringify(uuid)}`)
  }

  #run(domain: DomainRef): Guest {
    if (typeof domain === 'string') return this.#guest(domain)
    const guest = this.#guest(domain.uuid)
    const { id, name } = guest.identity
    if (id === domain.id) return guest
    throw new BallastError('ERR_NO_DOMAIN', `The run of ${name} with id ${domain.id} is over`)
  }

  #assertBalloon(guest: Guest): void {
    if (guest.balloon !== 'no-device') return
    throw new BallastError('ERR_NOT_SUPPORTED', `${guest.identity.name} has no balloon device`)
  }

  #assertOpen(): void {
    if (this.#closed) throw new BallastError('ERR_ALREADY_CLOSED', 'The host was closed')
  }
}

function wrong(message: string): BallastError {
  return new BallastError('ERR_INVALID_ARGUMENT', message)
}
