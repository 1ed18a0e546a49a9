import type { VcpuView, View } from '../../view/view.ts'
import type { Shape } from './bins.ts'
import { heaviestFirst, isFreeIn, readCandidates } from './candidates.ts'
import { Guests } from './guests.ts'
import { beyondNearest, type Price } from './move-cost.ts'
import { Roster } from './roster.ts'

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
  /** By item: 1 where it may run elsewhere than in the bin that it starts in. */
  readonly free: Uint8Array
  /** By item, then by bin: 1 where it may be. Items with the same rights share theirs. */
  readonly allowed: readonly Uint8Array[]
  readonly guests: Guests
  /** By item: number of the cell with its memory, -1: unknown. */
  readonly homeCell: Int32Array
  /** Who the items are. */
  readonly roster: Roster
  /** By bin: load that cannot be moved. */
  readonly fixed: Float64Array
}

/** Reads the model from a View. `rests` says which vCPUs must stay where they are this time; undefined: none has to. */
export function readModel(
  view: View,
  shape: Shape,
  price: Price,
  rests: ((vcpu: VcpuView) => boolean) | undefined,
): Model {
  const candidates = readCandidates(view, shape, rests)
  const { fixed } = candidates
  const order = heaviestFirst(candidates.demand)
  const count = order.length
  const vcpus: VcpuView[] = []
  const demand = new Float64Array(count)
  const low = new Float64Array(count)
  const high = new Float64Array(count)
  const displaced = new Uint8Array(count)
  const free = new Uint8Array(count)
  const start = new Int32Array(count)
  const allowed: Uint8Array[] = []
  const guest = new Int32Array(count)
  const homeCell = new Int32Array(count)
  const items = new Int32Array(count)
  for (let item = 0; item < count; item++) {
    const row = order[item]!
    vcpus.push(candidates.vcpus[row]!)
    demand[item] = candidates.demand[row]!
    low[item] = candidates.low[row]!
    high[item] = candidates.high[row]!
    start[item] = candidates.home[row]!
    displaced[item] = start[item]! < 0 ? 1 : 0
    free[item] = candidates.free[row]!
    allowed.push(candidates.allowed[row]!)
    homeCell[item] = candidates.homeCell[row]!
    guest[item] = candidates.guest[row]!
    items[row] = item
  }
  place(start, demand, allowed, fixed, shape.capacity)
  for (let item = displaced.indexOf(1); item >= 0; item = displaced.indexOf(1, item + 1)) {
    free[item] = isFreeIn(shape.sets[start[item]!]!, vcpus[item]!) ? 1 : 0
  }
  return {
    shape,
    price: beyondNearest(shape, price),
    vcpus,
    demand,
    low,
    high,
    start,
    displaced,
    free,
    allowed,
    guests: new Guests(guest),
    homeCell,
    roster: rosterOf(candidates.vcpus, items),
    fixed: fixed.map((load) => Math.max(0, load)),
  }
}

function rosterOf(vcpus: readonly VcpuView[], items: Int32Array): Roster {
  const uuids: string[] = []
  const numbers = new Int32Array(vcpus.length)
  for (let row = 0; row < vcpus.length; row++) {
    const { domain, vcpu } = vcpus[row]!
    uuids.push(domain.uuid)
    numbers[row] = vcpu
  }
  return new Roster(uuids, numbers, items)
}

/** Those that are where they may not be (-1) go to the least loaded bin where they may, the heaviest first. */
function place(
  start: Int32Array,
  demand: Float64Array,
  allowed: readonly Uint8Array[],
  fixed: Float64Array,
  capacity: Float64Array,
): void {
  const loads = fixed.slice()
  const displaced: number[] = []
  for (let item = 0; item < start.length; item++) {
    if (start[item]! < 0) displaced.push(item)
    else loads[start[item]!]! += demand[item]!
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
}
