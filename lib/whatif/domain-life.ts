import type { CpuQuota } from '../host/cpu-quota.ts'
import type { CpuSet } from '../host/cpuset.ts'
import type { DomainTraits } from '../host/domain-traits.ts'
import { isRunning } from '../host/sample.ts'
import type { RecordedTick } from '../recording/entries.ts'
import type { RecordedFacts } from '../recording/recorded-views.ts'
import { MiB } from '../util/units.ts'
import { placeOf } from '../view/cpu/placement.ts'
import type { DomainMemoryView, DomainView, VcpuView } from '../view/view.ts'
import { PagesAtHand } from './pages-at-hand.ts'
import type { VcpuTrace, VcpuTraces } from './vcpu-trace.ts'

/** What was seen of a guest's memory at one tick; NaN: not known. Bytes. */
export interface SeenMemory {
  readonly actual: number
  readonly maximum: number
  /** What it used of its balloon, and what it had swapped out and is likely to want back. */
  readonly used: number
  readonly swapped: number
  /** Bytes per second. */
  readonly swappedIn: number
  readonly swappedOut: number
  readonly cache: number
  /** What its kernel keeps of what is free or in the page cache. */
  readonly reserve: number
  readonly rss: number
}

/** A pin of a vCPU, by its place among the vCPUs of its domain; one of another program was seen at the tick `index`. */
export interface SeenPin {
  readonly index: number
  readonly vcpu: number
  readonly cpus: CpuSet
}

/** Where a vCPU was when it was first seen. */
export interface Begin {
  /** Which of the ticks of its life that was. */
  readonly index: number
  readonly affinity: CpuSet | undefined
  readonly place: number | undefined
}

/** Ticks after which a balloon that was asked has moved, and bytes that it need not. */
const ticksToMove = 8
const noMove = 8 * MiB

/** One run of a domain in a recording, tick by tick; all that is by tick begins with the tick `first`. */
export class DomainLife {
  readonly uuid: string
  readonly id: number
  readonly name: string
  /** Number of the tick at which it was first seen. */
  readonly first: number
  /** By tick: whether it ran, and how many vCPUs it had. */
  readonly runs: boolean[] = []
  readonly vcpus: number[] = []
  readonly memory: SeenMemory[] = []
  /** By vCPU, in the order of their numbers. */
  readonly begins: Begin[] = []
  readonly traces: VcpuTrace[] = []
  readonly foreignPins: SeenPin[] = []
  /** What Ballast pinned, in the tick `index`. */
  readonly ownPins: SeenPin[] = []
  /** As last known. */
  quota: CpuQuota | undefined
  traits: DomainTraits | undefined
  metadata: string | undefined
  hold: DomainMemoryView['hold']
  /** Whether its OOM killer is likely to have ended a program. */
  wasKilled = false
  pinned: DomainMemoryView['pinned']
  readonly #atHand = new PagesAtHand()
  readonly #affinities: (CpuSet | undefined)[] = []
  /** Of the tick before. */
  /** Ticks that it had had when its balloon was first asked for another size. */
  #askedAt: number | undefined
  #cpuset: CpuSet | undefined
  #online: CpuSet | undefined
  /** Numbers of its vCPUs. */
  #numbers: number[] = []
  /** By vCPU: what Ballast last pinned it to. */
  readonly #pins = new Map<number, CpuSet>()

  /** Whether its balloon did not do what it was asked, and never moved at all. */
  get refuses(): boolean {
    if (this.#askedAt === undefined || this.runs.length < this.#askedAt + ticksToMove) return false
    return new Set(this.memory.map(({ actual }) => actual)).size === 1
  }

  constructor({ uuid, id, name }: DomainView, first: number) {
    this.uuid = uuid
    this.id = id
    this.name = name
    this.first = first
  }

  /** The first tick at which it was not there any more. */
  get end(): number {
    return this.first + this.runs.length
  }

  take(
    domain: DomainView,
    {
      traces,
      facts,
      online,
      seconds,
    }: {
      readonly traces: VcpuTraces
      readonly facts: RecordedFacts
      readonly online: CpuSet
      /** Since the tick before. */
      readonly seconds: number
    },
  ): void {
    const index = this.end
    this.runs.push(isRunning(domain.state))
    this.vcpus.push(domain.vcpus.length)
    this.memory.push(seenMemory(domain.memory, this.#atHand, seconds))
    this.hold = domain.memory.hold
    this.wasKilled ||= domain.memory.events?.oomKilled ?? false
    this.pinned = domain.memory.pinned
    this.quota = facts.cpuQuota(this.uuid) ?? this.quota
    this.traits = facts.traits(this.uuid) ?? this.traits
    this.metadata = facts.metadata(this.uuid) ?? this.metadata
    this.#numbers = domain.vcpus.map(({ vcpu }) => vcpu)
    for (const [number, vcpu] of domain.vcpus.entries()) {
      this.begins[number] ??= { index: this.runs.length - 1, affinity: vcpu.affinity, place: placeOf(vcpu) }
      this.traces[number] = traces.of(vcpu)
      this.#followPin(index, number, vcpu, online)
    }
    this.#cpuset = domain.cpuset
    this.#online = online
  }

  /** Takes in what Ballast did to it. */
  changed({ outcomes }: RecordedTick, pins: (action: { readonly cpus: string }) => CpuSet): void {
    for (const { action, status } of outcomes) {
      if (action.kind === 'setMemory' && action.uuid === this.uuid && status === 'applied') {
        const { actual = Number.NaN } = this.memory.at(-1) ?? {}
        if (Math.abs(action.bytes - actual) > noMove) this.#askedAt ??= this.runs.length
      }
      if (action.kind !== 'pin' || action.uuid !== this.uuid || status !== 'applied') continue
      const cpus = pins(action)
      this.#pins.set(action.vcpu, cpus)
      this.ownPins.push({ index: this.end - 1, vcpu: this.#numbers.indexOf(action.vcpu), cpus })
    }
  }

  #followPin(
    index: number,
    number: number,
    { vcpu, affinity, domain: { cpuset } }: VcpuView,
    online: CpuSet,
  ): void {
    const before = this.#affinities[number]
    this.#affinities[number] = affinity
    if (!before || !affinity || affinity.equals(before)) return
    const own = this.#pins.get(vcpu)
    if (own?.and(online).equals(affinity)) return
    // What is usable changed, and not what anybody asked for.
    const isSame = (now: CpuSet | undefined, then: CpuSet | undefined) => !now || !then || now.equals(then)
    if (!isSame(cpuset, this.#cpuset) || !isSame(online, this.#online)) return
    this.foreignPins.push({ index, vcpu: number, cpus: affinity })
  }
}

function seenMemory(memory: DomainMemoryView, atHand: PagesAtHand, seconds: number): SeenMemory {
  const { actual, maximum, available, unused, usable, need, swappedIn, swappedOut, diskCaches, rss } = memory
  const nan = Number.NaN
  const inUse = need?.inUse ?? nan
  return {
    actual: actual ?? nan,
    maximum: maximum ?? nan,
    used: inUse - atHand.take(available ?? nan, inUse),
    swapped: need?.swapDebt ?? nan,
    swappedIn: (swappedIn ?? nan) / seconds,
    swappedOut: (swappedOut ?? nan) / seconds,
    cache: diskCaches ?? nan,
    reserve: (unused ?? nan) + (diskCaches ?? nan) - (usable ?? nan),
    rss: rss ?? nan,
  }
}
