import { CpuSet } from '../../lib/host/cpuset.ts'
import { DomainState } from '../../lib/host/sample.ts'
import type { Topology } from '../../lib/host/topology.ts'
import { defaultSettings } from '../../lib/view/domain-settings.ts'
import type { DomainView, VcpuView, View } from '../../lib/view/view.ts'
import { noHostMemory, unknownMemory } from '../../test/unit/view/memory/samples.ts'
import { seeded } from '../seeded.ts'

/** A host to plan for. */
export interface Size {
  readonly vcpus: number
  readonly pcpus: number
}

/** pCPUs of one NUMA cell, and of one last-level cache. */
const perCell = 64
const perCache = 8
/** vCPUs of one guest on hosts with more vCPUs than this. */
const perGuest = 4
const smallHost = 64

/** What the vCPUs of a full host want in all, as a fraction of its pCPUs. */
const wanted = 0.7

/**
 * A View of a host whose vCPUs are pinned, unevenly: the first pCPUs have the most. Demands are uniformly
 * distributed, the same for the same seed. Large hosts have NUMA cells and guests of several vCPUs.
 */
export function viewOf({ vcpus: count, pcpus }: Size, seed: number): View {
  const uniform = seeded(seed)
  const topology = topologyOf(pcpus)
  const online = topology.online
  const affinities = Array.from({ length: pcpus }, (_, cpu) => CpuSet.of(cpu))
  const scale = (2 * wanted * pcpus) / count
  const vcpus: VcpuView[] = []
  const domains: DomainView[] = []
  const size = count > smallHost ? perGuest : 1
  while (vcpus.length < count) {
    const own: VcpuView[] = []
    const domain = domainOf(domains.length, own)
    domains.push(domain)
    for (let vcpu = 0; vcpu < size; vcpu++) {
      const cpu = Math.floor(pcpus * uniform() ** 1.5)
      const demand = Math.min(1, scale * uniform())
      own.push({
        domain,
        vcpu,
        affinity: affinities[cpu],
        allowed: online,
        pcpu: cpu,
        usage: demand,
        delay: 0,
        demand,
        demandRange: { low: demand, high: demand },
      })
    }
    vcpus.push(...own)
  }
  return {
    time: 2_000,
    interval: 2_000,
    wallTime: 0,
    topology,
    online,
    pcpus: topology.pcpus.map((pcpu) => ({
      id: pcpu.id,
      topology: pcpu,
      busy: 0.5,
      background: 0,
      capacity: 1,
    })),
    domains,
    vcpus,
    memory: noHostMemory,
  }
}

function topologyOf(pcpus: number): Topology {
  const online = CpuSet.range(0, pcpus - 1)
  const cells = Array.from({ length: Math.ceil(pcpus / perCell) }, (_, id) => {
    const cpus = CpuSet.range(id * perCell, Math.min(pcpus, (id + 1) * perCell) - 1)
    return { id, cpus, memory: Number.NaN, distances: new Map() }
  })
  return {
    pcpus: Array.from(online, (id) => {
      const cell = Math.floor(id / perCell)
      const cache = Math.floor(id / perCache)
      return { id, cell, socket: cell, die: cell, core: id, cache, siblings: CpuSet.of(id) }
    }),
    online,
    cpuCount: pcpus,
    cells,
    memory: Number.NaN,
  }
}

function domainOf(index: number, vcpus: readonly VcpuView[]): DomainView {
  return {
    uuid: `00000000-0000-4000-8000-${index.toString(16).padStart(12, '0')}`,
    name: `guest${index}`,
    id: index + 1,
    state: DomainState.running,
    settings: defaultSettings,
    homeCell: undefined,
    vcpus,
    memory: unknownMemory,
  }
}
