import { CpuSet } from '../host/cpuset.ts'
import type { Pcpu, Topology } from '../host/topology.ts'
import { hostOwnMemory } from '../simulation/machine.ts'
import type { Change } from '../simulation/scenario.ts'
import { KiB, MiB } from '../util/units.ts'
import type { View } from '../view/view.ts'
import { stretches } from './stretches.ts'

/** Deviation of another program's load on a pCPU from its mean that is noise. */
const backgroundSlack = (mean: number) => 0.02 + 0.1 * mean
/** Bytes: the same of what other programs of the host hold. */
const programsSlack = () => 64 * MiB

/**
 * What a host had and did by itself from tick to tick: its pCPUs, what else ran on them, its memory, the cpuset of its
 * guests.
 */
export class HostTrace {
  readonly #background = new Map<number, number[]>()
  readonly #online: CpuSet[] = []
  readonly #pcpus = new Map<number, Pcpu>()
  #topology: Topology | undefined
  /** By tick: bytes that the host's own programs held; NaN: not known. */
  readonly #programs: number[] = []
  /** By tick: the cpuset that all guests share; undefined: they do not, or it is not known. */
  readonly #cpusets: (CpuSet | undefined)[] = []

  /** Whether there was a tick. */
  get isKnown(): boolean {
    return this.#topology !== undefined
  }

  /** The pCPUs that were online at first. */
  get firstOnline(): CpuSet | undefined {
    return this.#online[0]
  }

  take(view: View, index: number): void {
    const { topology, memory, domains, pcpus } = view
    this.#topology ??= topology
    this.#online.push(topology.online)
    for (const pcpu of topology.pcpus) {
      const known = this.#pcpus.get(pcpu.id)
      if (!known || known.siblings.size < pcpu.siblings.size) this.#pcpus.set(pcpu.id, pcpu)
    }
    for (const { id, background = Number.NaN } of pcpus) {
      const series = this.#background.get(id) ?? new Array<number>(index).fill(Number.NaN)
      while (series.length < index) series.push(Number.NaN)
      series.push(background)
      this.#background.set(id, series)
    }
    const held = domains.reduce((sum, one) => sum + (one.memory.rss ?? 0) + (one.memory.hugePages ?? 0), 0)
    this.#programs.push(topology.memory - (memory.available ?? Number.NaN) - held)
    const [cpuset] = domains.map((domain) => domain.cpuset)
    const isShared = domains.every((domain) => cpuset && domain.cpuset?.equals(cpuset))
    this.#cpusets.push(isShared ? cpuset : undefined)
  }

  /** The host with every pCPU that was ever online. */
  whole(): Topology {
    const topology = this.#topology!
    const pcpus = [...this.#pcpus.values()].sort((a, b) => a.id - b.id)
    const inCell = (cell: number) => CpuSet.from(pcpus.filter((one) => one.cell === cell).map(({ id }) => id))
    return {
      ...topology,
      pcpus,
      online: CpuSet.from(pcpus.map(({ id }) => id)),
      cells: topology.cells.map((cell) => ({ ...cell, cpus: inCell(cell.id) })),
    }
  }

  /**
   * The host's memory, less what its own programs held all the time beyond what they do on the simulated host; and what they
   * held more than that.
   */
  memory(total: number, at: (index: number) => number) {
    const held = stretches(this.#programs, programsSlack)
    const least = held.length === 0 ? 0 : Math.min(total / 2, ...held.map(({ mean }) => mean))
    const lasting = Math.floor(Math.max(0, least - hostOwnMemory) / KiB) * KiB
    const changes = held.map(({ first, mean }): Change => {
      return { at: first === 0 ? 0 : at(first), kind: 'hostPrograms', bytes: Math.max(0, mean - lasting) }
    })
    return { memory: total - lasting, changes }
  }

  /** What else ran on each pCPU at first, and what that became. */
  backgrounds(whole: Topology, at: (index: number) => number) {
    const changes: Change[] = []
    const first = whole.pcpus.map(({ id }) => {
      const [begin, ...later] = stretches(this.#background.get(id) ?? [], backgroundSlack)
      for (const { first, mean } of later) {
        changes.push({ at: at(first - 1), kind: 'background', pcpu: id, part: Math.min(1, mean) })
      }
      return Math.min(1, begin?.mean ?? 0)
    })
    // None is changed while it is offline.
    const isThen = (change: Change) =>
      !('pcpu' in change) || this.#online.every((online) => online.has(change.pcpu))
    return { first, changes: changes.filter(isThen) }
  }

  onlineChanges(between: (index: number) => number): Change[] {
    return this.#online.flatMap((online, index) => {
      const before = this.#online[index - 1]
      if (!before || before.equals(online)) return []
      return [
        ...Array.from(online.minus(before), (pcpu): Change => {
          return { at: between(index), kind: 'online', pcpu }
        }),
        ...Array.from(before.minus(online), (pcpu): Change => {
          return { at: between(index), kind: 'offline', pcpu }
        }),
      ]
    })
  }

  /** The cpuset of all guests at first, where it is less than all pCPUs, and what it became. */
  cpusetChanges(all: CpuSet, between: (index: number) => number) {
    const lists = this.#cpusets.map((cpuset, index) => {
      // What is offline is in no cpuset that the kernel tells of.
      const offline = all.minus(this.#online[index]!)
      return cpuset && !all.isSubsetOf(cpuset.or(offline)) ? cpuset.and(all).toString() : 'any'
    })
    const changes = lists.flatMap((cpus, index): Change[] =>
      index > 0 && cpus !== lists[index - 1] ? [{ at: between(index), kind: 'cpuset', cpus }] : [],
    )
    return { first: lists[0] === 'any' ? undefined : lists[0], changes }
  }
}
