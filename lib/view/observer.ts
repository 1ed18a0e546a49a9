import { wrongOption } from '../host/errors.ts'
import type { CpuSample, DomainState, MemorySample } from '../host/sample.ts'
import type { Topology } from '../host/topology.ts'
import { AffinitySets } from './affinity-sets.ts'
import { commitment } from './commitment.ts'
import { DemandFilter, estimateDemand } from './demand.ts'
import { known } from './known.ts'
import { MemoryLevels } from './memory-view.ts'
import { isRunning } from './running.ts'
import type { DomainView, HostMemoryView, VcpuView, View } from './view.ts'

/** What the books of the host's memory are kept with. */
export interface ObserverOptions {
  /** Bytes that policies leave to the host. */
  readonly hostReserve: number
  /** Bytes that a domain's hypervisor is counted with at least, beside guest memory. */
  readonly domainOverhead: number
}

export interface Observation {
  readonly cpu: CpuSample
  /** The newest there is; may be the same object again. Undefined: none yet. */
  readonly memory: MemorySample | undefined
  /** By UUID: bytes that Ballast last asked each balloon for. */
  readonly targets: ReadonlyMap<string, number>
}

/** One run of a domain: its vCPUs' demand by number. */
interface DomainRun {
  readonly id: number
  readonly filters: Map<number, DemandFilter>
}

/**
 * Makes Views from Samples. It remembers what takes more than one sample to know: the level of each vCPU's
 * demand, and the last known memory of guests that do not answer. One per loop; hand it each sample once.
 */
export class Observer {
  readonly #topology: Topology
  readonly #options: ObserverOptions
  readonly #affinitySets = new AffinitySets()
  readonly #memory = new MemoryLevels()
  #runs: ReadonlyMap<string, DomainRun> = new Map()

  /** @throws TypeError for an option that is no number of bytes. */
  constructor(topology: Topology, options: ObserverOptions) {
    for (const name of ['hostReserve', 'domainOverhead'] as const) {
      if (!Number.isFinite(options[name]) || options[name] < 0) {
        throw wrongOption(name, 'a number of bytes, 0 or more', options[name])
      }
    }
    this.#topology = topology
    this.#options = options
  }

  /** The View of one tick. */
  observe({ cpu, memory, targets }: Observation): View {
    if (memory) this.#memory.take(memory)
    // A sample that is handed in again has grown older since.
    const wallTime = memory ? memory.wallTime + Math.max(0, cpu.time - memory.time) : 0

    const runs = new Map<string, DomainRun>()
    const domains: DomainView[] = []
    const vcpus: VcpuView[] = []
    cpu.domains.forEach((identity, index) => {
      const { uuid, name, id } = identity
      const before = this.#runs.get(uuid)
      const run = before?.id === id ? before : { id, filters: new Map() }
      runs.set(uuid, run)

      const state = cpu.state[index] as DomainState
      const own: VcpuView[] = []
      const levels = this.#memory.view(identity, state, targets.get(uuid), wallTime)
      const domain: DomainView = { uuid, name, id, state, vcpus: own, memory: levels }
      for (let row = cpu.vcpuStart[index]!; row < cpu.vcpuStart[index + 1]!; row++) {
        own.push(this.#vcpu(cpu, row, domain, run))
      }
      domains.push(domain)
      for (const vcpu of own) vcpus.push(vcpu)
    })
    this.#runs = runs

    return {
      time: cpu.time,
      interval: known(cpu.interval),
      topology: this.#topology,
      online: this.#topology.online,
      pcpus: this.#topology.pcpus.map((pcpu) => ({
        id: pcpu.id,
        topology: pcpu,
        busy: known(cpu.pcpuBusy[pcpu.id]),
      })),
      domains,
      vcpus,
      memory: this.#hostMemory(memory, domains),
    }
  }

  #vcpu(cpu: CpuSample, row: number, domain: DomainView, run: DomainRun): VcpuView {
    const vcpu = cpu.vcpu[row]!
    const usage = cpu.usage[row]!
    const delay = cpu.delay[row]!
    const pcpu = cpu.pcpu[row]!
    return {
      domain,
      vcpu,
      affinity: this.#affinitySets.at(cpu.affinity, row * cpu.affinityWords, cpu.affinityWords),
      allowed: this.#topology.online,
      pcpu: pcpu < 0 ? undefined : pcpu,
      usage: known(usage),
      delay: known(delay),
      demand: isRunning(domain.state) ? filterOf(run, vcpu).next(estimateDemand(usage, delay)) : undefined,
    }
  }

  #hostMemory(sample: MemorySample | undefined, domains: readonly DomainView[]): HostMemoryView {
    const { hostReserve: reserve, domainOverhead } = this.#options
    const total = known(sample?.host.total) ?? this.#topology.memory
    return {
      total,
      free: known(sample?.host.free),
      available: known(sample?.host.available),
      reserve,
      budget: Math.max(0, total - reserve),
      committed: domains.reduce((sum, domain) => sum + commitment(domain, domainOverhead), 0),
    }
  }
}

/** A paused domain's filters are left as they are: it goes on where it was. */
function filterOf(run: DomainRun, vcpu: number): DemandFilter {
  let filter = run.filters.get(vcpu)
  if (!filter) {
    filter = new DemandFilter()
    run.filters.set(vcpu, filter)
  }
  return filter
}
