import { CpuSet } from '../../host/cpuset.ts'
import type { Pcpu } from '../../host/topology.ts'
import type { View } from '../../view/view.ts'

/** What load is levelled over: single pCPUs, or sets of them. */
export type Level = 'cpu' | 'core' | 'cache' | 'cell'

/**
 * The bins that load is put into and how they lie to each other. Cores, caches and cells are numbered from 0 in
 * the order in which they are met.
 */
export interface Shape {
  /** By bin: its pCPUs. */
  readonly sets: readonly CpuSet[]
  /** By bin: its pCPUs, in words. */
  readonly names: readonly string[]
  /** Bin of each pCPU number that is in use. */
  readonly binOf: ReadonlyMap<number, number>
  /** By bin: how much load it carries at the mean. Their sum is the number of pCPUs. */
  readonly capacity: Float64Array
  /** By bin: load that no vCPU of ours makes. */
  readonly background: Float64Array
  readonly core: Int32Array
  readonly cache: Int32Array
  readonly cell: Int32Array
  /** By core: the sum of its bins' capacities. */
  readonly coreCapacity: Float64Array
  /** NUMA cell ids by number of the cell here. */
  readonly cellIds: readonly number[]
  /** How much of a core the second thread of it is worth: 1 where no core has two. */
  readonly sibling: number
}

/** The bins of a host that is levelled over single pCPUs, or over sets of them. */
export function shapeOf(
  view: View,
  level: Level,
  { sibling, background: counts }: { readonly sibling: number; readonly background: boolean },
): Shape {
  const shapes = new Map(view.topology.pcpus.map((pcpu) => [pcpu.id, pcpu]))
  const seen = new Map(view.pcpus.map((pcpu) => [pcpu.id, pcpu]))
  const cores = new Numbering()
  const caches = new Numbering()
  const cells = new Numbering()
  const groups = new Numbering()
  const members: number[][] = []
  const binOf = new Map<number, number>()
  const threads = new Map<string, number>()
  for (const id of view.online) {
    const core = coreKey(id, shapes.get(id))
    threads.set(core, (threads.get(core) ?? 0) + 1)
    const bin = groups.of(level === 'cpu' ? `${id}` : keyAt(level, id, shapes.get(id)))
    members[bin] ??= []
    members[bin].push(id)
    binOf.set(id, bin)
  }

  const capacity = new Float64Array(members.length)
  const background = new Float64Array(members.length)
  const place = {
    core: new Int32Array(members.length),
    cache: capacity.map(() => 0),
    cell: capacity.map(() => 0),
  }
  for (const [bin, ids] of members.entries()) {
    const first = shapes.get(ids[0]!)
    place.core[bin] = cores.of(level === 'cpu' ? coreKey(ids[0]!, first) : `${bin}`)
    place.cache[bin] = caches.of(cacheKey(first))
    place.cell[bin] = cells.of(`${first?.cell ?? 0}`)
    for (const id of ids) {
      const together = threads.get(coreKey(id, shapes.get(id)))!
      const pcpu = seen.get(id)
      capacity[bin]! += (positive(pcpu?.capacity) * (1 + sibling * (together - 1))) / together
      if (counts) background[bin]! += (pcpu?.background ?? 0) * positive(pcpu?.capacity)
    }
  }
  const scale = view.online.size / capacity.reduce((sum, one) => sum + one, 0)
  const coreCapacity = new Float64Array(cores.size)
  for (let bin = 0; bin < members.length; bin++) {
    capacity[bin]! *= scale
    coreCapacity[place.core[bin]!]! += capacity[bin]!
  }
  return {
    sets: members.map((ids) => CpuSet.from(ids)),
    names: members.map((ids) => (ids.length === 1 ? `pCPU ${ids[0]}` : `pCPUs ${CpuSet.from(ids)}`)),
    binOf,
    capacity,
    background,
    core: place.core,
    cache: Int32Array.from(place.cache),
    cell: Int32Array.from(place.cell),
    coreCapacity,
    cellIds: cells.keys().map(Number),
    sibling: cores.size < members.length ? sibling : 1,
  }
}

/** How many different sets a level has on this host. */
export function setsAt(view: View, level: Level): number {
  const shapes = new Map(view.topology.pcpus.map((pcpu) => [pcpu.id, pcpu]))
  return new Set(Array.from(view.online, (id) => keyAt(level, id, shapes.get(id)))).size
}

function keyAt(level: Level, id: number, pcpu: Pcpu | undefined): string {
  if (level === 'cell') return `${pcpu?.cell}`
  return level === 'cache' ? cacheKey(pcpu) : level === 'core' ? coreKey(id, pcpu) : `${id}`
}

function coreKey(id: number, pcpu: Pcpu | undefined): string {
  return `${pcpu?.siblings.first ?? id}`
}

function cacheKey(pcpu: Pcpu | undefined): string {
  return `${pcpu?.cache}`
}

function positive(capacity: number | undefined): number {
  return capacity !== undefined && capacity > 0 ? capacity : 1
}

/** Numbers from 0 for keys, in the order in which they are met. */
class Numbering {
  readonly #numbers = new Map<string, number>()

  get size(): number {
    return this.#numbers.size
  }

  of(key: string): number {
    let number = this.#numbers.get(key)
    if (number === undefined) {
      number = this.#numbers.size
      this.#numbers.set(key, number)
    }
    return number
  }

  keys(): string[] {
    return [...this.#numbers.keys()]
  }
}
