import { CpuSet } from '../host/cpuset.ts'
import type { DomainIdentity } from '../host/sample.ts'
import type { Topology } from '../host/topology.ts'
import { MiB } from '../util/units.ts'
import { VirtualClock } from './clock.ts'
import { Cpusets, type VcpuCpuset } from './cpusets.ts'
import { type Definition, Definitions } from './definitions.ts'
import { defaultMaximum, Guest } from './guest.ts'
import { HugePages, hugePagesOf } from './huge-pages.ts'
import { Listeners } from './listeners.ts'
import { addTolls, noToll, type Toll } from './memory-stall.ts'
import { MemorySteps, memoryStep } from './memory-steps.ts'
import { Processors } from './processors.ts'
import type { Change, Scenario } from './scenario.ts'
import { cpusOf, topologyOf, withOnline } from './topology.ts'

/** What the host's own programs hold at first. */
export const hostOwnMemory = 384 * MiB
const defaultBackground = 0.02

/** What runs, as arrays in the same order. */
interface Running {
  readonly domains: readonly DomainIdentity[]
  readonly guests: readonly Guest[]
  readonly memory: MemorySteps
}

/** The whole simulated machine: its clock, its pCPUs, its guests and what happens to them. */
export class Machine {
  readonly cpusets: Cpusets
  readonly clock: VirtualClock
  readonly processors: Processors
  readonly hugePages: HugePages
  /** With all pCPUs that it can have, and with those that are online. */
  readonly #whole: Topology
  #topology: Topology
  readonly #seed: number
  readonly #definitions = new Definitions()
  readonly #guests = new Map<string, Guest>()
  readonly #memory: MemorySteps
  readonly #changes: readonly Change[]
  /** How many of them have happened. */
  #changed = 0
  /** Bytes. */
  #hostPrograms = hostOwnMemory
  readonly listeners = new Listeners()
  /** Milliseconds in which the host had to swap. */
  hostSwapped = 0
  /** Of guests that have ended. */
  #pastToll = noToll
  /** Made on request, once for many that start. */
  #listed: Running | undefined
  #lastId = 0

  constructor(scenario: Scenario) {
    this.#seed = scenario.seed ?? 1
    this.#whole = topologyOf(scenario.pcpus, scenario.memory)
    const all = this.#whole.online
    const online = all.minus(CpuSet.parse(scenario.offline ?? ''))
    this.cpusets = new Cpusets(all, scenario.cgroups ?? 'v2', online, cpusOf(scenario.cpuset ?? 'any', all))
    this.#topology = online.equals(all) ? this.#whole : withOnline(this.#whole, online)
    const onHugePages = scenario.domains.reduce((sum, domain) => sum + hugePagesOf(domain, defaultMaximum), 0)
    this.hugePages = new HugePages(scenario.hugePages ?? onHugePages, this.#whole.cells)
    this.clock = new VirtualClock((time) => this.#step(time))
    const { background = defaultBackground } = scenario
    const parts = typeof background === 'number' ? this.#whole.pcpus.map(() => background) : background
    this.processors = new Processors(this.#whole, parts, this.#seed)
    this.#memory = new MemorySteps(this.processors.cpuTimes(), (event) => this.listeners.emit(event))
    for (const pcpu of all.minus(online)) this.processors.setOnline(pcpu, false, 0)
    this.#changes = [...(scenario.changes ?? [])].sort((a, b) => a.at - b.at)
    for (const domain of scenario.domains) {
      const definition = this.#definitions.add(domain)
      if (domain.running ?? true) this.#start(definition, true)
    }
  }

  /** With the pCPUs that are online: another object when these change. */
  get topology(): Topology {
    return this.#topology
  }

  /** The running domains: the same array for as long as they are the same. */
  get domains(): readonly DomainIdentity[] {
    return this.#running.domains
  }

  /** Their guests. */
  get guests(): readonly Guest[] {
    return this.#running.guests
  }

  /** The running domain with this UUID. */
  guest(uuid: string): Guest | undefined {
    return this.#guests.get(uuid)
  }

  isDefined(uuid: string): boolean {
    return this.#definitions.isKnown(uuid)
  }

  get freeMemory(): number {
    return Math.max(0, this.unheldMemory)
  }

  /** Below 0 when guests and host hold more than there is. */
  get unheldMemory(): number {
    return this.topology.memory - this.#usedMemory
  }

  /** What missing memory did to all guests, those that have ended among them. */
  get toll(): Toll {
    return [...this.#guests.values()].map(({ memory }) => memory.toll).reduce(addTolls, this.#pastToll)
  }

  /** The part of what is in use that does not fit into the host: whoever touches that has to wait for it. */
  get memoryPressure(): number {
    return Math.max(0, 1 - this.topology.memory / this.#usedMemory)
  }

  get #usedMemory(): number {
    return this.#running.memory.plusRss(this.#hostPrograms + this.hugePages.bytes)
  }

  /** Pins a vCPU and reports it. Returns what the kernel says when it refuses. */
  pin(guest: Guest, vcpu: number, cpus: CpuSet): string | undefined {
    const refusal = guest.vcpus.pin(vcpu, cpus)
    if (refusal === undefined) this.listeners.emit({ kind: 'vcpuPin', domain: guest.identity, vcpu, cpus })
    return refusal
  }

  /** Gives a guest a weight and reports it. */
  setCpuShares(guest: Guest, shares: number): void {
    guest.vcpus.cpuShares = shares
    this.listeners.emit({ kind: 'cpuShares', domain: guest.identity, shares })
  }

  #step(time: number): void {
    for (
      let next = this.#changes[this.#changed];
      next && next.at <= time;
      next = this.#changes[this.#changed]
    ) {
      this.#changed++
      this.#apply(next, time)
    }
    this.processors.step(time)
    if (time % memoryStep === 0) this.#stepMemory(time)
  }

  #stepMemory(time: number): void {
    const hostSwaps = this.unheldMemory < 0
    if (hostSwaps) this.hostSwapped += memoryStep
    this.#running.memory.step(time, this.clock.wallTime(), hostSwaps)
  }

  #apply(change: Change, time: number): void {
    if (change.kind === 'background') {
      this.processors.setBackground(change.pcpu, change.part, time)
      return
    }
    if (change.kind === 'hostPrograms') {
      this.#hostPrograms = change.bytes
      return
    }
    if (change.kind === 'offline' || change.kind === 'online') {
      this.#setOnline(change.pcpu, change.kind === 'online', time)
      return
    }
    if (change.kind === 'cpuset') {
      this.cpusets.setGuests(cpusOf(change.cpus, this.cpusets.all), this.#vcpuCpusets())
      this.#confineAll()
      return
    }
    const definition = this.#definitions.named(change.domain)
    if (change.kind === 'start' || change.kind === 'arrive') {
      this.#start(definition, change.kind === 'arrive')
      return
    }
    const guest = this.#guests.get(definition.uuid)!
    switch (change.kind) {
      case 'load':
        guest.vcpus.setLoad(change.load, change.vcpu, time)
        break
      case 'program':
        guest.setProgram(change.program)
        break
      case 'cpuQuota':
        guest.vcpus.setQuota(change.cpuQuota, time)
        this.listeners.emit({ kind: 'cpuQuota', domain: guest.identity })
        break
      case 'plug':
        guest.vcpus.plug(change.vcpu, time)
        break
      case 'unplug':
        guest.vcpus.unplug()
        break
      case 'plugMemory':
        guest.memory.plug(change.bytes)
        break
      case 'virtioMem':
        guest.memory.requestPlugged(change.requested)
        break
      case 'balloon':
        guest.memory.target = Math.min(change.bytes, guest.memory.maximum)
        break
      case 'pin':
        this.pin(guest, change.vcpu, cpusOf(change.affinity, this.cpusets.all))
        break
      case 'pause':
      case 'resume':
        guest.setPaused(change.kind === 'pause', time)
        this.#tell(guest, change.kind === 'pause' ? 'suspended' : 'resumed')
        break
      case 'stick':
      case 'unstick':
        guest.setStuck(change.kind === 'stick', time)
        break
      case 'stop':
        this.#stop(guest)
        break
      case 'leave':
        this.#stop(guest)
        definition.isKnown = false
        break
      case 'reboot':
        guest.reboot()
        this.listeners.emit({ kind: 'reboot', domain: guest.identity })
        break
      case 'restart':
        this.#stop(guest)
        this.#start(definition, false)
        break
      case 'replace':
        this.#stop(guest)
        this.#start(this.#definitions.replace(definition, guest.identity.name), false)
        break
      case 'rename':
        this.#stop(guest)
        this.#start(this.#definitions.add(definition.scenario, definition.uuid, change.name), false)
        break
    }
  }

  #setOnline(pcpu: number, isOnline: boolean, time: number): void {
    this.cpusets.setOnline(pcpu, isOnline, this.#vcpuCpusets())
    this.#topology = withOnline(this.#whole, this.cpusets.online)
    this.processors.setOnline(pcpu, isOnline, time)
    this.#confineAll()
  }

  #vcpuCpusets(): VcpuCpuset[] {
    return this.guests.flatMap(({ vcpus }) => vcpus.cpusets)
  }

  #confineAll(): void {
    for (const guest of this.guests) guest.vcpus.confine()
  }

  #start(definition: Definition, booted: boolean): void {
    definition.isKnown = true
    const identity = { uuid: definition.uuid, name: definition.name, id: ++this.#lastId }
    const host = {
      processors: this.processors,
      cpusets: this.cpusets,
      seed: this.#seed,
      memoryChanged: (guest: Guest) => this.#memory.changed(guest),
    }
    const time = this.clock.now()
    const guest = new Guest(definition.scenario, identity, host, booted, time)
    definition.announced.actual = guest.memory.actual
    definition.announced.plugged = guest.memory.device.plugged
    this.#guests.set(definition.uuid, guest)
    this.#listed = undefined
    this.#tell(guest, 'started')
  }

  #stop(guest: Guest): void {
    guest.vcpus.end()
    this.#pastToll = addTolls(this.#pastToll, guest.memory.toll)
    this.#guests.delete(guest.identity.uuid)
    this.#listed = undefined
    this.#tell(guest, 'stopped')
  }

  get #running(): Running {
    if (!this.#listed) {
      const guests = [...this.#guests.values()]
      const domains = guests.map((guest) => guest.identity)
      const announced = domains.map(({ uuid }) => this.#definitions.of(uuid).announced)
      this.#memory.setGuests(guests, announced)
      this.#listed = { domains, guests, memory: this.#memory }
    }
    return this.#listed
  }

  #tell(guest: Guest, event: 'started' | 'stopped' | 'suspended' | 'resumed'): void {
    this.listeners.emit({ kind: 'lifecycle', domain: guest.identity, event })
  }
}
