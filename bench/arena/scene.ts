import type { Tick } from '../../lib/control/tick.ts'
import { isRunning } from '../../lib/host/sample.ts'
import type { Topology } from '../../lib/host/topology.ts'
import { isFullSample } from '../../lib/report/index.ts'
import type { SimulatedHost } from '../../lib/simulation/index.ts'
import { placeOf } from '../../lib/view/cpu/placement.ts'

/** A vCPU at one tick: what the View says of it, and what it really wants. */
export interface SceneVcpu {
  readonly uuid: string
  readonly name: string
  readonly vcpu: number
  /** Fraction of one pCPU that it would use alone: the truth. */
  readonly demand: number
  readonly place: number | undefined
  /** Whether it may run on one pCPU only. */
  readonly pinned: boolean
  readonly delay: number | undefined
  /** By pCPU: whether its user lets it be there. */
  readonly allowed: readonly boolean[]
  /** Whether it is out of the NUMA cell that its domain's memory is taken to be in. */
  readonly remote: boolean
}

/** One tick, as it really was before what the tick did. */
export interface Scene {
  /** Monotonic milliseconds of the View. */
  readonly time: number
  readonly full: boolean
  /** With the pCPUs that vCPUs can be placed on: places, and what is by pCPU here, count these, from 0 on. */
  readonly topology: Topology
  readonly vcpus: readonly SceneVcpu[]
  /** By pCPU: the truth. */
  readonly background: readonly number[]
  /** By pCPU: how much work it does against the largest. */
  readonly capacities: readonly number[]
  /** What the tick then did. */
  readonly pins: number
  readonly moves: number
}

/** What there was to see at a tick; to be taken before the host's time goes on. */
export function sceneOf({ view, outcomes }: Tick, host: SimulatedHost): Scene {
  const pcpus = view.topology.pcpus.filter(({ id }) => view.online.has(id))
  const indexOf = new Map(pcpus.map(({ id }, index) => [id, index]))
  const cellOf = new Map(view.topology.pcpus.map(({ id, cell }) => [id, cell]))
  const vcpus = view.vcpus
    .filter(({ domain }) => isRunning(domain.state))
    .map((vcpu): SceneVcpu => {
      const place = placeOf(vcpu)
      const { domain, affinity, allowed, delay } = vcpu
      return {
        uuid: domain.uuid,
        name: domain.name,
        vcpu: vcpu.vcpu,
        demand: host.truth(domain.uuid)?.demand[vcpu.vcpu] ?? 0,
        place: place === undefined ? undefined : indexOf.get(place),
        pinned: affinity?.size === 1,
        delay,
        allowed: pcpus.map(({ id }) => allowed.has(id)),
        remote: place !== undefined && domain.homeCell !== undefined && cellOf.get(place) !== domain.homeCell,
      }
    })
  const applied = outcomes.filter(({ status }) => status === 'applied').map(({ action }) => action)
  const moved = applied.filter((action) => {
    if (action.kind !== 'pin') return false
    const vcpu = view.vcpus.find(({ domain, vcpu }) => domain.uuid === action.uuid && vcpu === action.vcpu)
    const place = vcpu && placeOf(vcpu)
    return place !== undefined && !action.cpus.has(place)
  })
  return {
    time: view.time,
    full: isFullSample(view),
    topology: { ...view.topology, pcpus },
    vcpus,
    background: pcpus.map(({ id }) => host.background[id]!),
    capacities: pcpus.map(({ capacity = 1 }) => capacity),
    pins: applied.length,
    moves: moved.length,
  }
}
