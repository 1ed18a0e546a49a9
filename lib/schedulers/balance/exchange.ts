import type { Arrangement } from './arrangement.ts'

/** How many of the least pressed bins are tried. */
const partners = 16
/** Items on a bin above which no exchange is tried: moves and swaps suffice. */
const crowd = 64

/** Items that change places: those of `out` go from the source to the bin `to`, those of `back` the other way. */
export interface Exchange {
  readonly to: number
  readonly out: readonly number[]
  readonly back: readonly number[]
}

/**
 * The best way of exchanging one item for two, or two for one, between `source` and a bin with less pressure, where
 * it gains more than `leastGain`. It helps where loads come in a few sizes: three heavy ones on a bin and two heavy, one
 * light on another are balanced once a heavy one is given for two light ones.
 */
export function bestExchange(
  now: Arrangement,
  on: readonly (readonly number[])[],
  source: number,
  leastGain: number,
): Exchange | undefined {
  const { demand, allowed } = now.model
  const own = on[source]!
  if (own.length > crowd) return undefined
  let best: Exchange | undefined
  let most = leastGain
  const offer = (to: number, out: readonly number[], back: readonly number[]) => {
    let load = 0
    for (const item of out) load += demand[item]!
    for (const item of back) load -= demand[item]!
    if (load <= 0) return
    let gain = now.fall(load, source, to)
    if (gain <= most) return
    if (!out.every((item) => allowed[item]![to] === 1) || !back.every((item) => allowed[item]![source] === 1))
      return
    for (const item of out) gain += now.favour(item, to)
    for (const item of back) gain += now.favour(item, source)
    if (gain <= most) return
    most = gain
    best = { to, out, back }
  }
  for (const to of lowest(now, source)) {
    const others = on[to]!
    if (others.length > crowd) continue
    const ideal = idealLoad(now, source, to)
    for (const item of own) {
      nearest(demand, others, demand[item]! - ideal, (a, b) => offer(to, [item], [a, b]))
    }
    for (const item of others) {
      nearest(demand, own, demand[item]! + ideal, (a, b) => offer(to, [a, b], [item]))
    }
  }
  return best
}

/** Load that levels two bins best. */
export function idealLoad(now: Arrangement, from: number, to: number): number {
  const { core } = now.model.shape
  let curve = now.perThread[from]! + now.perThread[to]!
  if (core[from] !== core[to]) curve += now.perCore[from]! + now.perCore[to]!
  return (now.pressure(from) - now.pressure(to)) / curve
}

/** Walks the pairs of items (in descending order of load) whose sum is next to `load`, above it and below. */
function nearest(
  demand: Float64Array,
  items: readonly number[],
  load: number,
  visit: (a: number, b: number) => void,
): void {
  let heavy = 0
  let light = items.length - 1
  while (heavy < light) {
    visit(items[heavy]!, items[light]!)
    if (demand[items[heavy]!]! + demand[items[light]!]! > load) heavy++
    else light--
  }
}

function lowest(now: Arrangement, source: number): number[] {
  const limit = now.pressure(source)
  const pressures = Array.from(now.loads, (_, bin) => now.pressure(bin))
  return [...pressures.keys()]
    .filter((bin) => pressures[bin]! < limit)
    .sort((a, b) => pressures[a]! - pressures[b]!)
    .slice(0, partners)
}
