import { CpuSet } from '../../../../lib/host/cpuset.ts'
import { DomainState } from '../../../../lib/host/sample.ts'
import type { Topology } from '../../../../lib/host/topology.ts'
import type { PinAction, Plan, StatefulPolicy } from '../../../../lib/policy/plan.ts'
import { defaultSettings } from '../../../../lib/view/domain-settings.ts'
import type { DemandRange, DomainView, VcpuView, View } from '../../../../lib/view/view.ts'
import { noHostMemory, unknownMemory } from '../../view/memory/samples.ts'

/** A host of so many cells, each of so many caches, of cores, of threads; all threads of a core next to each other. */
export interface HostShape {
  readonly cells?: number
  readonly caches?: number
  readonly cores: number
  readonly threads?: number
}

export interface VcpuSketch {
  readonly demand: number
  readonly on: number
  /** Number of its guest; default: one of its own. */
  readonly guest?: number
  readonly allowed?: readonly number[]
  /** Default: pinned to where it is. */
  readonly affinity?: CpuSet
  readonly range?: DemandRange
  readonly delay?: number
}

export interface HostSketch {
  readonly shape: HostShape
  readonly vcpus: readonly VcpuSketch[]
  readonly capacity?: readonly number[]
  readonly background?: readonly number[]
  /** By guest: cell of its memory. */
  readonly homeCell?: readonly number[]
  readonly time?: number
}

/** A View made up from figures, without an Observer: what it says is what the policy sees. */
export function viewOf({
  shape,
  vcpus: sketches,
  capacity,
  background,
  homeCell,
  time = 2_000,
}: HostSketch): View {
  const topology = topologyOf(shape)
  const domains = new Map<number, DomainView & { readonly vcpus: VcpuView[] }>()
  const vcpus = sketches.map((sketch, index): VcpuView => {
    const guest = sketch.guest ?? 1_000 + index
    const domain = domains.get(guest) ?? domainOf(guest, homeCell?.[guest])
    domains.set(guest, domain)
    const vcpu = {
      domain,
      vcpu: domain.vcpus.length,
      affinity: sketch.affinity ?? CpuSet.of(sketch.on),
      allowed: sketch.allowed ? CpuSet.from(sketch.allowed) : topology.online,
      pcpu: sketch.on,
      usage: sketch.demand,
      delay: sketch.delay ?? 0,
      demand: sketch.demand,
      demandRange: sketch.range ?? { low: sketch.demand, high: sketch.demand },
    }
    domain.vcpus.push(vcpu)
    return vcpu
  })
  return {
    time,
    wallTime: 0,
    interval: 2_000,
    topology,
    online: topology.online,
    pcpus: topology.pcpus.map((pcpu) => ({
      id: pcpu.id,
      topology: pcpu,
      busy: undefined,
      background: background?.[pcpu.id],
      capacity: capacity?.[pcpu.id] ?? 1,
    })),
    domains: [...domains.values()],
    vcpus,
    memory: noHostMemory,
  }
}

/** Lets a policy look at a host so many times, and carries out what it wants. */
export function settle<S>(host: HostSketch, policy: StatefulPolicy<PinAction, S>, looks: number) {
  let state = policy.initialState
  let vcpus = host.vcpus
  const rounds: { readonly look: number; readonly moves: number; readonly pins: number }[] = []
  for (let look = 0; look < looks; look++) {
    const view = viewOf({ ...host, vcpus, time: 2_000 * (look + 1) })
    const decision = policy.decide(view, state)
    state = decision.state
    const after = applied(view, vcpus, decision.plan)
    const moves = after.filter(({ on }, index) => on !== vcpus[index]!.on).length
    if (decision.plan.length > 0) rounds.push({ look, moves, pins: decision.plan.length })
    vcpus = after
  }
  return { vcpus, rounds, where: vcpus.map(({ on }) => on) }
}

function applied(view: View, vcpus: readonly VcpuSketch[], plan: Plan<PinAction>): VcpuSketch[] {
  const cpus = new Map(plan.map((action) => [`${action.uuid}/${action.vcpu}`, action.cpus]))
  return vcpus.map((sketch, index) => {
    const seen = view.vcpus[index]!
    const to = cpus.get(`${seen.domain.uuid}/${seen.vcpu}`)
    if (!to) return sketch
    return { ...sketch, affinity: to, on: to.has(sketch.on) ? sketch.on : to.first! }
  })
}

function topologyOf({ cells = 1, caches = 1, cores, threads = 1 }: HostShape): Topology {
  const perCache = cores * threads
  const perCell = caches * perCache
  const online = CpuSet.range(0, cells * perCell - 1)
  return {
    pcpus: Array.from(online, (id) => {
      const core = Math.floor(id / threads)
      const cell = Math.floor(id / perCell)
      const siblings = CpuSet.range(core * threads, core * threads + threads - 1)
      return { id, cell, socket: cell, die: 0, core, cache: Math.floor(id / perCache), siblings }
    }),
    online,
    cpuCount: cells * perCell,
    cells: Array.from({ length: cells }, (_, id) => {
      const cpus = CpuSet.range(id * perCell, (id + 1) * perCell - 1)
      return { id, cpus, memory: 2 ** 34, distances: new Map() }
    }),
    memory: 2 ** 34,
  }
}

function domainOf(guest: number, homeCell: number | undefined): DomainView & { readonly vcpus: VcpuView[] } {
  return {
    uuid: `uuid-${guest}`,
    name: `guest${guest}`,
    id: guest + 1,
    state: DomainState.running,
    settings: defaultSettings,
    homeCell,
    vcpus: [],
    memory: unknownMemory,
  }
}
