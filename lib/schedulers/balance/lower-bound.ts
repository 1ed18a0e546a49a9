import type { Model } from './model.ts'

/** Capacities that differ by less are the same. */
const alike = 1e-9

/**
 * A lower bound of the sum of squares of any placement, with any moves: of the cores and of the threads apart, since either
 * is balanced at the other's cost.
 */
export function leastSquares(model: Model): number {
  const { shape, fixed } = model
  if (shape.sibling === 1) return leastOf(model, fixed, shape.capacity)
  const onCores = new Float64Array(shape.coreCapacity.length)
  for (let bin = 0; bin < fixed.length; bin++) onCores[shape.core[bin]!]! += fixed[bin]!
  return (
    (1 - shape.sibling) * leastOf(model, onCores, shape.coreCapacity) +
    shape.sibling * leastOf(model, fixed, shape.capacity)
  )
}

function leastOf({ demand }: Model, fixed: Float64Array, capacity: Float64Array): number {
  const total = sum(demand) + sum(fixed)
  const same = capacity.every((one) => Math.abs(one - capacity[0]!) < alike)
  if (!same) return Math.max(filled(fixed, capacity, total), besideHeaviest(demand, capacity, total))
  // What cannot be moved is no harder to place when it may be: so it is one more piece on equal bins.
  const loads = fixed.filter((load) => load > 0)
  return peeled(withLoads(demand, loads), capacity.length, total) / (capacity[0] ?? 1)
}

/** Demands and loads in descending order, in which those of a model are already. */
function withLoads(demand: Float64Array, loads: Float64Array): Float64Array {
  if (loads.length === 0 && isDescending(demand)) return demand
  const pieces = new Float64Array(demand.length + loads.length)
  pieces.set(demand)
  pieces.set(loads, demand.length)
  return pieces.sort().reverse()
}

/** Divisible load poured onto the present load, as evenly as possible. */
function filled(fixed: Float64Array, capacity: Float64Array, total: number): number {
  const bins = [...fixed.keys()].sort((a, b) => fixed[a]! / capacity[a]! - fixed[b]! / capacity[b]!)
  let poured = total - sum(fixed)
  let room = 0
  let level = 0
  let squares = fixed.reduce((all, load, bin) => all + (load * load) / capacity[bin]!, 0)
  for (const [rank, bin] of bins.entries()) {
    level = fixed[bin]! / capacity[bin]!
    room += capacity[bin]!
    squares -= (fixed[bin]! * fixed[bin]!) / capacity[bin]!
    poured += fixed[bin]!
    const next = bins[rank + 1]
    level = poured / room
    if (next === undefined || level <= fixed[next]! / capacity[next]!) break
  }
  return squares + level * level * room
}

/** The heaviest piece on the largest bin, the rest divisible beside it. */
function besideHeaviest(demand: Float64Array, capacity: Float64Array, total: number): number {
  const heaviest = demand[0] ?? 0
  const largest = capacity.reduce((most, one) => Math.max(most, one), 0)
  const room = sum(capacity)
  if (capacity.length < 2 || heaviest / largest <= total / room) return (total * total) / room
  return (heaviest * heaviest) / largest + (total - heaviest) ** 2 / (room - largest)
}

/**
 * Pieces heavier than the mean of the rest have a bin of their own in every best placement. Of the others, some bin has
 * at least q + 1 of any q m + r: the rest poured onto that many equal pieces is the bound; the best of all counts.
 */
function peeled(pieces: Float64Array, bins: number, total: number): number {
  let squares = 0
  let left = total
  let first = 0
  while (bins - first > 1 && first < pieces.length) {
    const heaviest = pieces[first]!
    if (heaviest * (bins - first - 1) <= left - heaviest) break
    squares += heaviest * heaviest
    left -= heaviest
    first++
  }
  const rest = bins - first
  if (rest === 0) return squares
  let bound = (left * left) / rest
  for (let at = first; at < pieces.length; at++) {
    const piece = pieces[at]!
    const count = at - first + 1
    const low = Math.floor(count / rest)
    const fuller = count % rest
    const loose = left - count * piece
    if (fuller === 0 || loose >= (rest - fuller) * piece) continue
    const lower = low * piece + loose / (rest - fuller)
    bound = Math.max(bound, fuller * ((low + 1) * piece) ** 2 + (rest - fuller) * lower * lower)
  }
  return squares + bound
}

function isDescending(values: Float64Array): boolean {
  for (let i = 1; i < values.length; i++) if (!(values[i]! <= values[i - 1]!)) return false
  return true
}

function sum(values: Float64Array): number {
  let total = 0
  for (let i = 0; i < values.length; i++) total += values[i]!
  return total
}
