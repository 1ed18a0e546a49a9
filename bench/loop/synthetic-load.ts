import type { CpuSet } from '../../lib/host/cpuset.ts'
import {
  type CpuSample,
  CpuSource,
  type DomainIdentity,
  DomainState,
  type MemorySample,
  MemoryStatus,
} from '../../lib/host/sample.ts'
import type { Topology } from '../../lib/host/topology.ts'
import { GiB, MiB } from '../../lib/util/units.ts'
import { seeded } from '../seeded.ts'

/** A host of the bench: guests with {@link vcpusEach} vCPUs each, on `pcpus` pCPUs. */
export interface LoopSize {
  readonly guests: number
  readonly pcpus: number
}

export const vcpusEach = 4

/** Part of the pCPUs that all vCPUs want together, on average. */
const wanted = 0.55
/** Chance in each sample that a guest's CPU level becomes another, and the same for what it uses of its memory. */
const cpuStep = 1 / 300
const memoryStep = 1 / 400
/** Bytes by which use comes nearer to its level from one memory sample to the next. */
const memoryRamp = 8 * MiB
/** Chance in each sample that the kernel moves a vCPU that is free to run on several pCPUs. */
const wandering = 0.05
const perCell = 32
const perCache = 8
const guestMemory = 4 * GiB
/** Memory of the host for each guest: less than the guests may have, and more than they use. */
const hostMemoryEach = 2.5 * GiB

/**
 * Loads of a made-up host: CPU and memory of guests change in steps now and then, with noise between them, and pins and
 * balloon sizes take effect. The same for the same seed and the same changes. Only as much of a host as the control
 * loop can see: queues and page caches are not modelled.
 */
export class SyntheticLoad {
  readonly topology: Topology
  readonly #uniform: () => number
  readonly #domains: readonly DomainIdentity[]
  readonly #pcpus: number
  readonly #words: number
  readonly #cpuLevel: Float64Array
  readonly #pcpu: Int32Array
  readonly #affinity: Uint32Array
  readonly #memoryLevel: Float64Array
  readonly #inUse: Float64Array
  readonly #actual: Float64Array
  #isFirst = true

  constructor({ guests, pcpus }: LoopSize, seed: number, makeSet: (cpus: number[]) => CpuSet) {
    const rows = guests * vcpusEach
    this.#uniform = seeded(seed)
    this.#pcpus = pcpus
    this.#words = Math.ceil(pcpus / 32)
    this.topology = topologyOf(pcpus, guests, makeSet)
    this.#domains = Array.from({ length: guests }, (_, index) => ({
      uuid: `00000000-0000-4000-8000-${index.toString(16).padStart(12, '0')}`,
      name: `guest${index}`,
      id: index + 1,
    }))
    this.#cpuLevel = Float64Array.from({ length: guests }, () => this.#newCpuLevel(guests))
    this.#pcpu = Int32Array.from({ length: rows }, () => Math.floor(pcpus * this.#uniform()))
    const everywhere = this.topology.online.toWords(pcpus)
    this.#affinity = Uint32Array.from({ length: rows * this.#words }, (_, i) => everywhere[i % this.#words]!)
    this.#memoryLevel = Float64Array.from({ length: guests }, () => (0.5 + 1.5 * this.#uniform()) * GiB)
    this.#inUse = this.#memoryLevel.slice()
    this.#actual = this.#inUse.map((inUse) => inUse + 512 * MiB)
  }

  /** Pins row `domain * vcpusEach + vcpu`. */
  pin(uuid: string, vcpu: number, words: Uint32Array): void {
    const row = indexOf(uuid) * vcpusEach + vcpu
    this.#affinity.set(words.subarray(0, this.#words), row * this.#words)
    if (!this.#mayRunOn(row, this.#pcpu[row]!)) this.#pcpu[row] = this.#placeFor(row)
  }

  setMemory(uuid: string, bytes: number): void {
    const index = indexOf(uuid)
    this.#actual[index] = Math.max(this.#inUse[index]!, Math.min(guestMemory, bytes))
  }

  /** A sample of what the vCPUs do from now on. Its times are to be set when it is handed out. */
  cpuSample(): CpuSample {
    const uniform = this.#uniform
    const guests = this.#domains.length
    const rows = guests * vcpusEach
    const usage = new Float64Array(rows)
    const busy = new Float64Array(this.#pcpus).fill(0.02)
    for (let index = 0; index < guests; index++) {
      if (uniform() < cpuStep) this.#cpuLevel[index] = this.#newCpuLevel(guests)
      for (let vcpu = 0; vcpu < vcpusEach; vcpu++) {
        const row = index * vcpusEach + vcpu
        if (uniform() < wandering) this.#pcpu[row] = this.#placeFor(row)
        usage[row] = Math.min(1, this.#cpuLevel[index]! * (0.9 + 0.2 * uniform()))
        busy[this.#pcpu[row]!]! += usage[row]!
      }
    }
    const isFirst = this.#isFirst
    this.#isFirst = false
    const delay = usage.map((_, row) => Math.max(0, 0.3 * (busy[this.#pcpu[row]!]! - 0.6)))
    return {
      domains: this.#domains,
      time: Number.NaN,
      interval: Number.NaN,
      state: new Uint8Array(guests).fill(DomainState.running),
      source: new Uint8Array(guests).fill(CpuSource.schedstat),
      vcpuStart: Uint32Array.from({ length: guests + 1 }, (_, index) => index * vcpusEach),
      vcpu: Uint32Array.from({ length: rows }, (_, row) => row % vcpusEach),
      usage: isFirst ? usage.fill(Number.NaN) : usage,
      delay: isFirst ? delay.fill(Number.NaN) : delay,
      pcpu: this.#pcpu.slice(),
      affinityWords: this.#words,
      affinity: this.#affinity.slice(),
      pcpuBusy: busy.map((load) => (isFirst ? Number.NaN : Math.min(1, load))),
    }
  }

  /** What guests hold and use now; as {@link cpuSample}. */
  memorySample(): MemorySample {
    const uniform = this.#uniform
    const guests = this.#domains.length
    const column = () => new Float64Array(guests)
    const [unused, usable, diskCaches, rss, available] = [column(), column(), column(), column(), column()]
    let held = 0
    for (let index = 0; index < guests; index++) {
      if (uniform() < memoryStep) this.#memoryLevel[index]! *= 0.85 + 0.3 * uniform()
      const way = this.#memoryLevel[index]! - this.#inUse[index]!
      this.#inUse[index]! += Math.max(-memoryRamp, Math.min(memoryRamp, way))
      const actual = Math.max(this.#actual[index]!, this.#inUse[index]!)
      this.#actual[index] = actual
      available[index] = actual - 64 * MiB
      const spare = Math.max(0, actual - this.#inUse[index]! - 8 * MiB * uniform())
      usable[index] = Math.max(0, Math.min(spare, actual - 128 * MiB))
      diskCaches[index] = usable[index]! / 2
      unused[index] = usable[index]! / 2
      rss[index] = actual + 90 * MiB
      held += rss[index]!
    }
    const total = this.topology.memory
    return {
      domains: this.#domains,
      time: Number.NaN,
      wallTime: Number.NaN,
      status: new Uint8Array(guests).fill(MemoryStatus.fresh),
      state: new Uint8Array(guests).fill(DomainState.running),
      maximum: column().fill(guestMemory),
      actual: this.#actual.slice(),
      available,
      unused,
      usable,
      diskCaches,
      swapIn: column(),
      swapOut: column(),
      majorFaults: column(),
      rss,
      hugePages: column(),
      rssFile: column(),
      lastUpdate: column(),
      host: { total, free: total - held, available: total - held, pressure: 0 },
    }
  }

  /** Most guests want little, a few want a lot. */
  #newCpuLevel(guests: number): number {
    const mean = (wanted * this.#pcpus) / (guests * vcpusEach)
    return Math.min(1, 3 * mean * this.#uniform() ** 2)
  }

  #mayRunOn(row: number, cpu: number): boolean {
    return (this.#affinity[row * this.#words + (cpu >>> 5)]! & (1 << (cpu & 31))) !== 0
  }

  #placeFor(row: number): number {
    const first = Math.floor(this.#pcpus * this.#uniform())
    for (let off = 0; ; off++) {
      const cpu = (first + off) % this.#pcpus
      if (this.#mayRunOn(row, cpu)) return cpu
    }
  }
}

function indexOf(uuid: string): number {
  return Number.parseInt(uuid.slice(-12), 16)
}

function topologyOf(pcpus: number, guests: number, makeSet: (cpus: number[]) => CpuSet): Topology {
  const ids = Array.from({ length: pcpus }, (_, id) => id)
  const memory = guests * hostMemoryEach
  const cells = Array.from({ length: Math.ceil(pcpus / perCell) }, (_, id) => {
    const cpus = makeSet(ids.slice(id * perCell, (id + 1) * perCell))
    return { id, cpus, memory: Number.NaN, distances: new Map() }
  })
  return {
    pcpus: ids.map((id) => {
      const cell = Math.floor(id / perCell)
      const cache = Math.floor(id / perCache)
      return { id, cell, socket: cell, die: cell, core: id, cache, siblings: makeSet([id]) }
    }),
    online: makeSet(ids),
    cpuCount: pcpus,
    cells,
    memory,
  }
}
