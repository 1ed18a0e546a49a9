import type { VcpuView, View } from '../../view/view.ts'
import { type Movable, readPlacement } from '../shared/placement.ts'
import type { Shape } from './bins.ts'
import { Guests } from './guests.ts'
import { beyondNearest, type Price } from './move-cost.ts'

/**
 * The input of the search, as flat arrays. Items are the vCPUs that may be moved, the heaviest first; bins are
 * pCPUs or sets of them.
 */
export interface Model {
  readonly shape: Shape
  /** Above what the nearest move costs. */
  readonly price: Price
  readonly vcpus: readonly VcpuView[]
  /** By item: load, descending. */
  readonly demand: Float64Array
  /** By item: what the load may be at least and at most. */
  readonly low: Float64Array
  readonly high: Float64Array
  /** By item: the bin that it is in before any move. */
  readonly start: Int32Array
  /** By item: 1 where it is not yet where `start` says, since it may not be where it is. */
  readonly displaced: Uint8Array
  /** By item, then by bin: 1 where it may be. Items with the same rights share theirs. */
  readonly allowed: readonly Uint8Array[]
  readonly guests: Guests
  /** By item: number of the cell with its memory, -1: unknown. */
  readonly homeCell: Int32Array
  /** By bin: load that cannot be moved. */
  readonly fixed: Float64Array
}

/** Reads the model from a View. `rests` says which vCPUs must stay where they are this time. */
export function readModel(view: View, shape: Shape, price: Price, rests: (vcpu: VcpuView) => boolean): Model {
  const { pcpus, movable, loads } = readPlacement(view)
  const bin = Int32Array.from(pcpus, (pcpu) => shape.binOf.get(pcpu)!)
  const fixed = shape.background.slice()
  for (let index = 0; index < loads.length; index++) fixed[bin[index]!]! += loads[index]!
  for (const { home, demand } of movable) if (home !== undefined) fixed[bin[home]!]! -= demand

  const ours: Movable[] = []
  for (const one of movable) {
    if (one.home !== undefined && rests(one.vcpu)) fixed[bin[one.home]!]! += one.demand
    else ours.push(one)
  }
  ours.sort(heaviestFirst)
  const count = ours.length
  const demand = new Float64Array(count)
  const low = new Float64Array(count)
  const high = new Float64Array(count)
  const displaced = new Uint8Array(count)
  const guest = new Int32Array(count)
  const homeCell = new Int32Array(count)
  for (let item = 0; item < count; item++) {
    const { vcpu, home, demand: wanted } = ours[item]!
    demand[item] = wanted
    low[item] = vcpu.demandRange?.low ?? wanted
    high[item] = vcpu.demandRange?.high ?? wanted
    displaced[item] = home === undefined ? 1 : 0
    homeCell[item] = cellNumber(shape, vcpu.domain.homeCell)
    guest[item] = ours[item]!.guest
  }
  const allowed = masks(ours, bin, shape.sets.length)
  const start = startOf(ours, bin, allowed, demand, fixed, shape.capacity)
  const positive = fixed.map((load) => Math.max(0, load))
  const priceHere = beyondNearest(shape, price)
  return {
    shape,
    price: priceHere,
    vcpus: ours.map(({ vcpu }) => vcpu),
    demand,
    low,
    high,
    start,
    displaced,
    allowed,
    guests: new Guests(guest),
    homeCell,
    fixed: positive,
  }
}

/** Whole numbers, since the engine would allocate every fraction. */
function heaviestFirst(a: Movable, b: Movable): number {
  return a.demand > b.demand ? -1 : a.demand < b.demand ? 1 : 0
}

/** Rights by bin instead of by pCPU: some pCPU of the bin is enough. */
function masks(ours: readonly Movable[], bin: Int32Array, bins: number): Uint8Array[] {
  const byRights = new Map<Uint8Array, Uint8Array>()
  return ours.map(({ allowed }) => {
    let mask = byRights.get(allowed)
    if (!mask) {
      mask = new Uint8Array(bins)
      for (const [pcpu, may] of allowed.entries()) if (may === 1) mask[bin[pcpu]!] = 1
      byRights.set(allowed, mask)
    }
    return mask
  })
}

/** Where each is; one that is where it may not be goes to the least loaded bin where it may, the heaviest first. */
function startOf(
  ours: readonly Movable[],
  bin: Int32Array,
  allowed: readonly Uint8Array[],
  demand: Float64Array,
  fixed: Float64Array,
  capacity: Float64Array,
): Int32Array {
  const loads = fixed.slice()
  const start = new Int32Array(ours.length)
  const displaced: number[] = []
  for (let item = 0; item < ours.length; item++) {
    const home = ours[item]!.home
    if (home === undefined) {
      displaced.push(item)
      continue
    }
    start[item] = bin[home]!
    loads[start[item]!]! += demand[item]!
  }
  for (const item of displaced) {
    let best = -1
    for (let to = 0; to < loads.length; to++) {
      if (allowed[item]![to] === 0) continue
      if (best < 0 || loads[to]! / capacity[to]! < loads[best]! / capacity[best]!) best = to
    }
    start[item] = best
    loads[best]! += demand[item]!
  }
  return start
}

function cellNumber(shape: Shape, cell: number | undefined): number {
  return cell === undefined ? -1 : shape.cellIds.indexOf(cell)
}
