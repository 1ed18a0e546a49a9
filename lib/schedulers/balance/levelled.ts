import type { Arrangement } from './arrangement.ts'

/**
 * The least sum of squares that could be had if load of so much weight could be taken off the highest bins and poured
 * onto the lowest as one likes: a bound for any moves of as much weight together.
 */
export function levelled(now: Arrangement, weight: number): number {
  const { shape } = now.model
  const { sibling } = shape
  const threads = sibling * levelledOf(now.loads, shape.capacity, weight)
  return sibling === 1
    ? threads
    : threads + (1 - sibling) * levelledOf(now.coreLoads, shape.coreCapacity, weight)
}

function levelledOf(loads: Float64Array, capacity: Float64Array, weight: number): number {
  const order = sorted(loads, capacity)
  const { level: high, bins: lowered } = cut(order, loads, capacity, weight)
  const { level: low, bins: raised } = pour(order, loads, capacity, weight)
  let total = 0
  let room = 0
  let squares = 0
  for (let rank = 0; rank < order.length; rank++) {
    const bin = order[rank]!
    const level = rank < raised ? low : rank >= order.length - lowered ? high : loads[bin]! / capacity[bin]!
    squares += level * level * capacity[bin]!
    total += loads[bin]!
    room += capacity[bin]!
  }
  return high <= low ? (total * total) / room : squares
}

/** The level that the highest bins come down to when so much is taken off them. */
function cut(order: readonly number[], loads: Float64Array, capacity: Float64Array, weight: number) {
  let load = 0
  let room = 0
  for (let bins = 1; bins <= order.length; bins++) {
    const bin = order[order.length - bins]!
    load += loads[bin]!
    room += capacity[bin]!
    const level = (load - weight) / room
    const next = order[order.length - bins - 1]
    if (next === undefined || level >= loads[next]! / capacity[next]!) return { level, bins }
  }
  return { level: 0, bins: 0 }
}

/** The level that the lowest bins come up to when so much is poured onto them. */
function pour(order: readonly number[], loads: Float64Array, capacity: Float64Array, weight: number) {
  let load = 0
  let room = 0
  for (let bins = 1; bins <= order.length; bins++) {
    const bin = order[bins - 1]!
    load += loads[bin]!
    room += capacity[bin]!
    const level = (load + weight) / room
    const next = order[bins]
    if (next === undefined || level <= loads[next]! / capacity[next]!) return { level, bins }
  }
  return { level: 0, bins: 0 }
}

/** Bins in ascending order of their level; they are few, and mostly in order already. */
function sorted(loads: Float64Array, capacity: Float64Array): number[] {
  const order: number[] = []
  for (let bin = 0; bin < loads.length; bin++) {
    const level = loads[bin]! / capacity[bin]!
    let at = bin
    while (at > 0 && loads[order[at - 1]!]! / capacity[order[at - 1]!]! > level) {
      order[at] = order[at - 1]!
      at--
    }
    order[at] = bin
  }
  return order
}
