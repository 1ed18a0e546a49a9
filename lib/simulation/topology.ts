import { CpuSet } from '../host/cpuset.ts'
import type { NumaCell, Pcpu, Topology } from '../host/topology.ts'
import { GiB } from '../util/units.ts'
import type { HostShape } from './scenario.ts'

/** Distances as firmware usually gives them. */
const localDistance = 10
const remoteDistance = 20

const defaultMemory = 16 * GiB

/** Whether it is a whole topology, and no shape to make one of. */
export function isTopology(pcpus: number | HostShape | Topology): pcpus is Topology {
  return typeof pcpus === 'object' && 'online' in pcpus
}

/** The topology of a host of this shape, with `bytes` of memory. */
export function topologyOf(pcpus: number | HostShape | Topology, bytes?: number): Topology {
  if (isTopology(pcpus)) return bytes === undefined ? pcpus : { ...pcpus, memory: bytes }
  const memory = bytes ?? defaultMemory
  const { sockets, cores, threads, cells } = completeShape(pcpus)
  const capacities = typeof pcpus === 'number' ? undefined : pcpus.capacities
  const coreCount = sockets * cores
  const cellOf = (core: number) => Math.floor((core * cells) / coreCount)
  const siblingsOf = (core: number) =>
    CpuSet.from(Array.from({ length: threads }, (_, thread) => thread * coreCount + core))

  const list = Array.from({ length: coreCount * threads }, (_, id): Pcpu => {
    const core = id % coreCount
    return {
      id,
      cell: cellOf(core),
      socket: Math.floor(core / cores),
      die: 0,
      core: core % cores,
      cache: Math.floor(core / cores),
      siblings: siblingsOf(core),
      ...(capacities && { capacity: capacities[core % cores]! }),
    }
  })
  const cellIds = Array.from({ length: cells }, (_, id) => id)
  return {
    pcpus: list,
    online: CpuSet.range(0, list.length - 1),
    cpuCount: list.length,
    cells: cellIds.map(
      (id): NumaCell => ({
        id,
        cpus: CpuSet.from(list.filter((pcpu) => pcpu.cell === id).map((pcpu) => pcpu.id)),
        memory: memory / cells,
        distances: new Map(cellIds.map((other) => [other, other === id ? localDistance : remoteDistance])),
      }),
    ),
    memory,
  }
}

/** A shape with all its defaults written out. */
export function completeShape(pcpus: number | HostShape): Required<Omit<HostShape, 'capacities'>> {
  const shape = typeof pcpus === 'number' ? { cores: pcpus } : pcpus
  const sockets = shape.sockets ?? 1
  return { sockets, cores: shape.cores, threads: shape.threads ?? 1, cells: shape.cells ?? sockets }
}

/** The pCPUs that an affinity of a scenario means: a CPU list, or `any`. */
export function cpusOf(affinity: string, all: CpuSet): CpuSet {
  return affinity === 'any' ? all : CpuSet.parse(affinity)
}

/** The topology while only these pCPUs are online. */
export function withOnline(whole: Topology, online: CpuSet): Topology {
  return {
    ...whole,
    online,
    pcpus: whole.pcpus
      .filter(({ id }) => online.has(id))
      .map((pcpu) => ({ ...pcpu, siblings: pcpu.siblings.and(online) })),
    cells: whole.cells.map((cell) => ({ ...cell, cpus: cell.cpus.and(online) })),
  }
}
