import type { Pcpu } from '../host/topology.ts'
import { isMove, type MovingAction } from '../policy/plan.ts'
import { defaultPrice } from '../schedulers/balance/move-cost.ts'
import type { HostToll, SimulatedHost } from '../simulation/index.ts'
import { standardDeviation } from '../util/statistics.ts'
import { GiB } from '../util/units.ts'
import { isFullSample } from '../view/cpu/pcpu-loads.ts'
import { placeOf } from '../view/cpu/placement.ts'
import type { View } from '../view/view.ts'
import { leastDeviation } from './least-deviation.ts'

/** What a GiB that balloons move costs, in seconds that a program waits: a tenth of the time that it takes. */
export const priceOfMovedGiB = 0.1

/** What a policy cost, and a bound below which no policy can come. */
export interface Cost {
  readonly cost: number
  readonly bound: number
}

/**
 * What a policy gives away of what could have been gained: 0 is as good as hindsight, 1 as good as doing nothing. Undefined:
 * there was hardly anything to gain.
 */
export function regretOf({ cost, bound }: Cost, none: Cost, least: number): number | undefined {
  const gain = none.cost - bound
  return gain > least ? (cost - bound) / gain : undefined
}

/** Gains below these are none: deviation that `balance` never takes for worth a move, a second of waiting. */
export const leastGain = { cpu: 0.02, memory: 1 } as const

/**
 * What a scheduler costs on a simulated host: the time-average of the standard deviation of the true load of the pCPUs (of the
 * cores, where threads share them), and each move at the price that `balance` has for it, in the tick in which it is made.
 * Fractions of a pCPU. With `sampled` it is counted from the first tick with a full sample on: before it nothing can be decided
 * by what guests use.
 */
export class CpuCost {
  #ticks = 0
  #cost = 0
  #bound = 0
  readonly #sampled: boolean

  constructor({ sampled = false }: { readonly sampled?: boolean } = {}) {
    this.#sampled = sampled
  }

  take(view: View, host: SimulatedHost, applied: readonly MovingAction[]): void {
    if (this.#sampled && this.#ticks === 0 && !isFullSample(view)) return
    this.#ticks++
    const { loads, weights, isEven } = trueLoads(view, host)
    this.#cost += standardDeviation(loads)
    this.#bound += isEven ? leastDeviation(weights, loads.length) : 0
    for (const action of applied) {
      if (action.kind === 'pin' && isMove(action, view)) this.#cost += priceOfMove(action, view)
    }
  }

  get value(): Cost {
    const ticks = Math.max(1, this.#ticks)
    return { cost: this.#cost / ticks, bound: this.#bound / ticks }
  }
}

/**
 * What a ballooning policy costs: seconds that programs waited, and what balloons moved at a price. The bound is 0:
 * nobody waits and nothing moves.
 */
export function memoryCost({ stalled, moved }: Pick<HostToll, 'stalled' | 'moved'>): Cost {
  return { cost: stalled / 1_000 + (priceOfMovedGiB * moved) / GiB, bound: 0 }
}

interface TrueLoads {
  /** By unit, as a part of what it can do. */
  readonly loads: readonly number[]
  /** What makes them up. */
  readonly weights: readonly number[]
  /** Whether all units can do the same. */
  readonly isEven: boolean
}

function trueLoads(view: View, host: SimulatedHost): TrueLoads {
  const pcpus = view.topology.pcpus.filter(({ id }) => view.online.has(id))
  const cores = [...new Set(pcpus.map(({ siblings }) => siblings.first!))]
  const unitOf = new Map(pcpus.map(({ id, siblings }) => [id, cores.indexOf(siblings.first!)]))
  const loads = new Array<number>(cores.length).fill(0)
  const capacities = new Array<number>(cores.length).fill(0)
  const weights: number[] = []
  const add = (pcpu: number, load: number) => {
    const unit = unitOf.get(pcpu)
    if (unit === undefined) return
    loads[unit]! += load
    weights.push(load)
  }
  for (const { id, capacity = 1 } of pcpus) capacities[unitOf.get(id)!]! += capacity
  for (const { id } of pcpus) add(id, host.background[id] ?? 0)
  for (const vcpu of view.vcpus) {
    const place = placeOf(vcpu)
    const demand = host.truth(vcpu.domain.uuid)?.demand[vcpu.vcpu]
    if (place !== undefined && demand !== undefined) add(place, demand)
  }
  const isEven = capacities.every((one) => one === capacities[0])
  const most = Math.max(...capacities)
  return { loads: loads.map((load, unit) => (load * most) / capacities[unit]!), weights, isEven }
}

/** Where a vCPU was, and where its pin sends it. */
export function priceOfMove(action: Extract<MovingAction, { kind: 'pin' }>, view: View): number {
  const vcpu = view.vcpus.find(({ domain, vcpu }) => domain.uuid === action.uuid && vcpu === action.vcpu)
  const place = vcpu && placeOf(vcpu)
  const pcpu = (id: number | undefined) => view.topology.pcpus.find((one) => one.id === id)
  const from = pcpu(place)
  const to = pcpu(action.cpus.first)
  return from && to ? priceBetween(from, to) : 0
}

/** The price of a move, as a fraction of a pCPU. */
export function priceBetween(from: Pcpu, to: Pcpu): number {
  if (from.id === to.id) return 0
  if (from.cell !== to.cell) return defaultPrice.remote
  if (from.cache !== to.cache) return defaultPrice.cell
  return from.siblings.has(to.id) ? defaultPrice.core : defaultPrice.cache
}
