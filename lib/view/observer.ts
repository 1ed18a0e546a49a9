import { type CpuSample, CpuSource, type DomainIdentity, DomainState, isRunning } from '../host/sample.ts'
import type { Topology } from '../host/topology.ts'
import { known } from '../util/known.ts'
import { Background } from './cpu/background-load.ts'
import { capacitiesOf } from './cpu/capacities.ts'
import { Contention } from './cpu/contention.ts'
import { AffinitySets } from './cpu/cpuset-pool.ts'
import { type DomainUsage, delayOf, sumOfKnown } from './cpu/domain-usage.ts'
import { type CellOf, cellsOf } from './cpu/home-cell.ts'
import { mostOf, withinGlobal } from './cpu/quota.ts'
import { UsableCpus } from './cpu/usable-cpus.ts'
import type { VcpuReading } from './cpu/vcpu-demand.ts'
import type { VcpuTrack } from './cpu/vcpu-track.ts'
import { type DomainFacts, FactsTable } from './domain-facts.ts'
import { DomainRuns } from './domain-runs.ts'
import { indexLike } from './domains-by-uuid.ts'
import { Intervals } from './memory/decision-interval.ts'
import type { MemoryContext } from './memory/domain-memory.ts'
import { MemoryObserver } from './memory/memory-observer.ts'
import { pressureOf } from './memory/shortage.ts'
import { MemoryGlance, type SeenDomain, type Viewed } from './memory-glance.ts'
import type { MemoryObservation, Observation, ObserverOptions } from './observation.ts'
import type { DomainMemoryView, DomainView, VcpuView, View } from './view.ts'

/**
 * Makes Views from Samples. It remembers what takes more than one sample to know: the level of each vCPU's
 * demand, where it was at first, each pCPU's background load, and the last known memory of guests that do not answer.
 * One per loop; hand it each sample once.
 */
export class Observer {
  #topology: Topology
  readonly #options: ObserverOptions
  readonly #affinitySets = new AffinitySets()
  readonly #memory: MemoryObserver
  readonly #intervals = new Intervals()
  readonly #usable: UsableCpus
  #background: Background
  #cellOf: CellOf
  /** By pCPU number: how much work it does against the largest. */
  #capacities: Float64Array
  #contention: Contention
  readonly #facts: FactsTable
  readonly #memoryFacts: FactsTable
  readonly #context: MemoryContext = {
    state: DomainState.noState,
    requested: undefined,
    wallTime: 0,
    interval: undefined,
    traits: undefined,
  }
  readonly #usage: DomainUsage = { counts: false, within: undefined, together: 0, most: 1 }
  readonly #reading: VcpuReading = { usage: 0, delay: 0, throttled: 0, busy: 0, allowed: 1, capacity: 1 }
  #isAsBefore = false
  readonly #runs = new DomainRuns()
  #between: number | undefined

  /** @throws TypeError for an option that is no number of bytes. */
  constructor(topology: Topology, options: ObserverOptions) {
    this.#topology = topology
    this.#options = options
    this.#memory = new MemoryObserver(options)
    this.#facts = new FactsTable(options)
    this.#memoryFacts = new FactsTable(options)
    this.#usable = new UsableCpus(topology, options, this.#affinitySets)
    this.#background = new Background(topology.cpuCount)
    this.#cellOf = cellsOf(topology)
    this.#capacities = capacitiesOf(topology)
    this.#contention = new Contention(topology.cpuCount)
  }

  /** The View of one tick. */
  observe({ cpu, topology, memory, targets, wallTime, reserved = 0 }: Observation): View {
    this.#followTopology(topology ?? this.#topology)
    this.#between = this.#intervals.next(known(cpu.interval))
    if (memory) {
      this.#memory.take(memory, targets, this.#between, this.#memoryFacts.of(memory.domains))
    }
    // A sample that is handed in again has grown older since.
    const guestTime = memory ? memory.wallTime + Math.max(0, cpu.time - memory.time) : 0

    this.#follow(cpu)
    const facts = this.#facts.of(cpu.domains)
    const levels = this.#levels(cpu, facts, targets, guestTime)
    const domains: DomainView[] = []
    const vcpus: VcpuView[] = []
    for (let index = 0; index < cpu.domains.length; index++) {
      const domain = this.#domain(cpu, index, facts[index]!, levels[index]!)
      for (const vcpu of domain.vcpus) vcpus.push(vcpu)
      domains.push(domain)
    }
    indexLike(domains, cpu.domains)
    const background = this.#background.next(cpu, vcpus)
    const { online, why } = this.#usable.ofHost(domains)

    return {
      time: cpu.time,
      wallTime: wallTime ?? guestTime,
      interval: known(cpu.interval),
      topology: this.#topology,
      online,
      pcpus: this.#topology.pcpus.map((pcpu) => ({
        id: pcpu.id,
        topology: pcpu,
        busy: known(cpu.pcpuBusy[pcpu.id]),
        background: background[pcpu.id],
        unusable: why(pcpu.id),
        capacity: pcpu.capacity ?? 1,
      })),
      domains,
      vcpus,
      memory: this.#memory.ofHost(memory, this.#topology.memory, domains, reserved),
    }
  }

  /** Whether the last View has the domains of the one before, and no affinity has changed since. */
  get isAsBefore(): boolean {
    return this.#isAsBefore
  }

  /**
   * The View `before` with the memory of a newer sample. The figures of its vCPUs stay as they were, and nothing is learned
   * from them again.
   */
  observeMemory(
    before: Viewed,
    { memory, targets, wallTime, reserved = 0 }: MemoryObservation,
  ): MemoryGlance {
    const facts = this.#memoryFacts.of(memory.domains)
    this.#memory.take(memory, targets, this.#between, facts)
    const { levels, hostState } = this.#memory
    const { domains, state } = memory
    const context: MemoryContext = { ...this.#context, wallTime: memory.wallTime, interval: this.#between }
    const domainAt = (row: number): SeenDomain => {
      const { uuid, name, id, run } = domains[row]!
      const { settings, traits } = facts[row]!
      context.state = state[row] as DomainState
      context.requested = targets.get(uuid)
      context.traits = traits
      const seen = levels.at(row).view(context)
      return { uuid, name, id, run, state: context.state, settings, memory: seen }
    }
    const suspects: SeenDomain[] = []
    for (let row = 0; row < domains.length; row++) {
      const domain = levels.at(row)
      domain.noteAsked(facts[row]!.traits)
      if (domain.mayBeUnderPressure(context)) suspects.push(domainAt(row))
    }
    return new MemoryGlance(before, {
      ...pressureOf({ domains: suspects, memory: { state: hostState } }),
      time: memory.time,
      wallTime: wallTime ?? memory.wallTime,
      domains,
      domainAt,
      host: (seen) => this.#memory.ofHost(memory, this.#topology.memory, seen, reserved),
    })
  }

  /** The guest of this domain began to boot anew: monotonic milliseconds, and milliseconds since the epoch. */
  rebooted(domain: DomainIdentity, reboot: { readonly time: number; readonly wallTime: number }): void {
    this.#runs.of(domain)?.rebooted(reboot.time)
    this.#memory.rebooted(domain, reboot)
  }

  /**
   * After a gap without samples: forgets levels and rates, which must not span it. What the next sample can confirm
   * stays: which runs of domains there are, where their vCPUs were at first, what was learned of them.
   */
  interrupt(): void {
    this.#runs.interrupt()
    this.#background.interrupt()
    this.#contention.interrupt()
    this.#memory.interrupt()
  }

  /** pCPUs were switched on or off, or plugged in: what is known of the others stays. */
  #followTopology(topology: Topology): void {
    this.#usable.begin(topology)
    if (topology === this.#topology) return
    if (topology.cpuCount !== this.#topology.cpuCount) {
      this.#background = new Background(topology.cpuCount)
      this.#contention = new Contention(topology.cpuCount)
    }
    this.#topology = topology
    this.#cellOf = cellsOf(topology)
    this.#capacities = capacitiesOf(topology)
  }

  /** The memory of the domains of a sample at `wallTime`, by row. */
  #levels(
    { domains, state }: Pick<CpuSample, 'domains' | 'state'>,
    facts: readonly DomainFacts[],
    targets: ReadonlyMap<string, number>,
    wallTime: number,
  ): readonly DomainMemoryView[] {
    const context = this.#context
    context.wallTime = wallTime
    context.interval = this.#between
    return domains.map((identity, row) => {
      context.state = state[row] as DomainState
      context.requested = targets.size > 0 ? targets.get(identity.uuid) : undefined
      context.traits = facts[row]!.traits
      return this.#memory.ofDomain(identity, row, context)
    })
  }

  /** Brings what is remembered up to date: what one vCPU's figures mean depends on what the others did. */
  #follow(cpu: CpuSample): void {
    this.#isAsBefore = this.#runs.follow(cpu)
    const runs = this.#runs.inOrder
    const { affinity, affinityWords: words } = cpu
    const places = new Int32Array(cpu.vcpu.length)
    for (let index = 0; index < runs.length; index++) {
      const run = runs[index]!
      for (let row = cpu.vcpuStart[index]!; row < cpu.vcpuStart[index + 1]!; row++) {
        const track = run.vcpu(cpu.vcpu[row]!)
        const isAsBefore = track.affinity?.isInWords(affinity, row * words, words)
        const cpus = isAsBefore ? track.affinity : this.#affinitySets.at(affinity, row * words, words)
        if (cpus !== track.affinity) this.#isAsBefore = false
        const place = track.see(cpus, cpu.pcpu[row]!)
        places[row] = Number.isNaN(cpu.usage[row]!) ? -1 : place
      }
    }
    this.#contention.next({ cpu, places })
  }

  #domain(cpu: CpuSample, index: number, facts: DomainFacts, memory: DomainMemoryView): DomainView {
    const run = this.#runs.inOrder[index]!
    const { uuid, name, id, run: token } = cpu.domains[index]!
    const state = cpu.state[index] as DomainState
    const { settings, cpuShares, cpuQuota, pins, traits } = facts
    const counts = isRunning(state) && !run.isBooting(cpu, index)
    const homeCell = run.homeCell(cpu, index, this.#cellOf)
    const cpuset = this.#usable.cpusetOf(cpu, index)
    const vcpus: VcpuView[] = []
    const domain: DomainView = {
      uuid,
      name,
      id,
      run: token,
      state,
      settings,
      homeCell,
      cpuset,
      hasThreadOfAll: cpu.source[index] === CpuSource.threadOfAll,
      vcpus,
      cpuShares,
      cpuQuota,
      memory,
    }
    const hasPins = pins !== undefined && pins.size > 0
    const first = cpu.vcpuStart[index]!
    const end = cpu.vcpuStart[index + 1]!
    const usage = this.#usage
    usage.counts = counts
    usage.within = this.#usable.beside(traits?.memoryCells, cpuset)
    usage.together = sumOfKnown(cpu.usage, first, end)
    usage.most = mostOf(cpuQuota)
    for (let row = first; row < end; row++) {
      const track = run.vcpu(cpu.vcpu[row]!)
      track.seePin(hasPins ? pins.get(cpu.vcpu[row]!) : undefined)
      vcpus.push(this.#vcpu(cpu, row, domain, track, usage))
    }
    if (cpuQuota?.global !== undefined) vcpus.splice(0, end, ...withinGlobal(vcpus, cpuQuota.global))
    return domain
  }

  #vcpu(cpu: CpuSample, row: number, domain: DomainView, track: VcpuTrack, all: DomainUsage): VcpuView {
    const usage = cpu.usage[row]!
    const throttled = cpu.throttled?.[row] ?? Number.NaN
    const delay = delayOf(cpu, row, domain.cpuQuota, all.together)
    const pcpu = cpu.pcpu[row]!
    const vcpu = cpu.vcpu[row]!
    const first = this.#options.originalAffinity?.(domain, vcpu) ?? track.firstAffinity
    const reading = this.#reading
    reading.usage = usage
    reading.delay = delay
    reading.throttled = known(throttled) ?? 0
    reading.busy = cpu.pcpuBusy[pcpu] ?? Number.NaN
    reading.allowed = all.most
    reading.capacity = this.#capacities[pcpu] ?? 1
    const demandRange = all.counts
      ? track.demand.next(reading, track.outside(row, this.#contention))
      : undefined
    return {
      domain,
      vcpu,
      affinity: track.affinity,
      pin: track.pin,
      allowed: this.#usable.allowed(domain.settings, first, all.within),
      pcpu: pcpu < 0 ? undefined : pcpu,
      usage: known(usage),
      delay: known(delay),
      throttled: known(throttled),
      demand: demandRange && track.demand.level,
      demandRange,
    }
  }
}
