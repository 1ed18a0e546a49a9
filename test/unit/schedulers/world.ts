import { CpuSet } from '../../../lib/host/cpuset.ts'
import { type CpuSample, CpuSource, type DomainIdentity, DomainState } from '../../../lib/host/sample.ts'
import type { Topology } from '../../../lib/host/topology.ts'
import type { PinAction, Plan, SetSharesAction, StatefulPolicy } from '../../../lib/policy/plan.ts'
import { Observer } from '../../../lib/view/observer.ts'
import type { View } from '../../../lib/view/view.ts'

/** A vCPU (of a domain of its own) in a made-up world: no physics, only figures. */
export interface Guest {
  /** Fraction of one pCPU that it wants; NaN: its figures are unknown. */
  demand: number
  /** The pCPU that it runs on. */
  on: number
  /** Undefined: pinned to `on`. */
  free?: CpuSet | undefined
  state?: DomainState
  /** Undefined: not known. */
  cpuShares?: number
}

/** More looks than a policy ever takes to decide. */
export const long = 12

/** So many guests with the same demand, each on the pCPU that `on` says. */
export const equal = (count: number, demand: number, on: (guest: number) => number): Guest[] =>
  Array.from({ length: count }, (_, guest) => ({ demand, on: on(guest) }))

export function topologyOf(pcpuCount: number): Topology {
  const online = CpuSet.range(0, pcpuCount - 1)
  return {
    pcpus: [...online].map((id) => ({
      id,
      cell: 0,
      socket: 0,
      die: 0,
      core: id,
      cache: 0,
      siblings: CpuSet.of(id),
    })),
    online,
    cpuCount: pcpuCount,
    cells: [{ id: 0, cpus: online, memory: 2 ** 34, distances: new Map() }],
    memory: 2 ** 34,
  }
}

/** Uniform numbers from 0 to 1, the same for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Normally distributed numbers around 0 with deviation 1. */
export function gaussian(uniform: () => number): () => number {
  return () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform())
}

/** Guests on pCPUs, seen through a real Observer. Plans are carried out at once and to the letter. */
export class World {
  readonly guests: Guest[]
  readonly #pcpuCount: number
  readonly #observer: Observer
  #domains: readonly DomainIdentity[] = []
  #time = 0

  constructor(pcpuCount: number, guests: readonly Guest[]) {
    this.#pcpuCount = pcpuCount
    this.guests = guests.map((guest) => ({ ...guest }))
    this.#observer = new Observer(topologyOf(pcpuCount), {
      hostMemoryReserve: 0,
      domainOverhead: 0,
      cpuShares: ({ uuid }) => this.#guest(uuid).cpuShares,
    })
  }

  /** The next View; `measured` makes a sample's figure of a demand. */
  look(measured: (demand: number) => number = (demand) => demand): View {
    this.#time += 2_000
    if (this.#domains.length !== this.guests.length) {
      this.#domains = this.guests.map((_, i) => ({ uuid: `uuid-${i}`, name: `guest${i}`, id: i + 1 }))
    }
    const wanted = this.guests.map(({ demand }) => Math.min(1, Math.max(0, measured(demand))))
    const asked = new Array<number>(this.#pcpuCount).fill(0)
    for (const [i, { on }] of this.guests.entries()) asked[on]! += wanted[i] || 0
    const delay = this.guests.map(({ on }, i) => {
      return Number.isNaN(wanted[i]!) ? Number.NaN : Math.max(0, 1 - 1 / asked[on]!)
    })
    const words = Math.ceil(this.#pcpuCount / 32)
    const sample: CpuSample = {
      domains: this.#domains,
      time: this.#time,
      interval: 2_000,
      state: Uint8Array.from(this.guests, ({ state }) => state ?? DomainState.running),
      source: Uint8Array.from(this.guests, () => CpuSource.simulation),
      vcpuStart: Uint32Array.from({ length: this.guests.length + 1 }, (_, i) => i),
      vcpu: new Uint32Array(this.guests.length),
      usage: Float64Array.from(wanted, (demand, i) => demand * (1 - delay[i]!)),
      delay: Float64Array.from(delay),
      pcpu: Int32Array.from(this.guests, ({ on }) => on),
      affinityWords: words,
      affinity: Uint32Array.from(
        this.guests.flatMap(({ on, free }) => [...(free ?? CpuSet.of(on)).toWords(this.#pcpuCount)]),
      ),
      pcpuBusy: new Float64Array(this.#pcpuCount),
    }
    return this.#observer.observe({ cpu: sample, memory: undefined, targets: new Map() })
  }

  /** Carries out a plan; returns how many vCPUs it sent to another pCPU. */
  apply(plan: Plan<PinAction | SetSharesAction>): number {
    let moves = 0
    for (const action of plan) {
      const guest = this.#guest(action.uuid)
      if (action.kind === 'setShares') {
        guest.cpuShares = action.shares
        continue
      }
      if (!action.cpus.has(guest.on)) {
        moves++
        guest.on = action.cpus.first!
      }
      guest.free = action.cpus.size === 1 ? undefined : action.cpus
    }
    return moves
  }

  #guest(uuid: string): Guest {
    return this.guests[Number(uuid.slice('uuid-'.length))]!
  }

  /** What a kernel does with vCPUs that are free: here, anything. */
  wander(uniform: () => number): void {
    for (const guest of this.guests) {
      if (guest.free) guest.on = [...guest.free][Math.floor(uniform() * guest.free.size)]!
    }
  }

  /** True load of each pCPU. */
  loads(): number[] {
    const loads = new Array<number>(this.#pcpuCount).fill(0)
    for (const { on, demand } of this.guests) loads[on]! += demand
    return loads
  }
}

/** Lets a policy run on a world for so many looks; returns the moves and pins of each look that had any. */
export function run<S>(
  world: World,
  policy: StatefulPolicy<PinAction | SetSharesAction, S>,
  looks: number,
  measured?: (demand: number) => number,
  between: () => void = () => undefined,
): { readonly look: number; readonly moves: number; readonly pins: number }[] {
  const rounds = []
  let state = policy.initialState
  for (let look = 0; look < looks; look++) {
    const decision = policy.decide(world.look(measured), state)
    state = decision.state
    const moves = world.apply(decision.plan)
    if (decision.plan.length > 0) rounds.push({ look, moves, pins: decision.plan.length })
    between()
  }
  return rounds
}
