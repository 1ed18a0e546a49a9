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
  /** By how much the cost falls. */
  readonly gain: number
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
  const own = on[source]!
  if (own.length > crowd) return undefined
  let best: Exchange | undefined
  let most = leastGain
  for (const to of lowest(now, source)) {
    const others = on[to]!
    if (others.length > crowd) continue
    const pair = new Pair(now, source, to, own, others)
    const oneForTwo = pair.best(pair.there, pair.here, 1, most)
    if (oneForTwo) {
      most = oneForTwo.gain
      best = {
        to,
        out: [own[oneForTwo.one]!],
        back: [others[oneForTwo.a]!, others[oneForTwo.b]!],
        gain: most,
      }
    }
    const twoForOne = pair.best(pair.here, pair.there, -1, most)
    if (twoForOne) {
      most = twoForOne.gain
      best = { to, out: [own[twoForOne.a]!, own[twoForOne.b]!], back: [others[twoForOne.one]!], gain: most }
    }
  }
  return best
}

/** The items of one bin, the heaviest first: what they want, and what moving each changes beside the sum of squares. */
interface Side {
  readonly items: readonly number[]
  /** Where they may go. */
  readonly to: number
  readonly load: Float64Array
  /** `-Infinity` where it may not go. */
  readonly favour: Float64Array
}

/** One item for two between two bins: by index among the items of its bin. */
interface Trade {
  readonly one: number
  readonly a: number
  readonly b: number
  readonly gain: number
}

/** Two bins whose items may change places. What each item costs is worked out once, and not for each trade. */
class Pair {
  /** The items of the source and those of the other bin. */
  readonly here: Side
  readonly there: Side
  readonly #now: Arrangement
  /** Load that levels both best. */
  readonly #ideal: number
  readonly #slope: number
  readonly #curve: number

  constructor(
    now: Arrangement,
    source: number,
    to: number,
    own: readonly number[],
    others: readonly number[],
  ) {
    this.#now = now
    this.here = sideOf(now, own, to)
    this.there = sideOf(now, others, source)
    this.#slope = 2 * (now.pressure(source) - now.pressure(to))
    this.#curve = now.curve(source, to)
    this.#ideal = idealLoad(now, source, to)
  }

  /**
   * The best trade of one item for two of `twos` that gains more than `least`. For each, the pairs are walked whose sum
   * is next to the load that levels both bins, above it and below. `direction` is 1 where the one goes from the source.
   */
  best(twos: Side, ones: Side, direction: 1 | -1, least: number): Trade | undefined {
    let most = least
    let found: Trade | undefined
    for (let one = 0; one < ones.load.length; one++) {
      const wanted = ones.load[one]! - direction * this.#ideal
      let a = 0
      let b = twos.load.length - 1
      while (a < b) {
        const both = twos.load[a]! + twos.load[b]!
        const load = direction * (ones.load[one]! - both)
        const fall = load * (this.#slope - load * this.#curve)
        if (load > 0 && fall > most) {
          const favour = ones.favour[one]! + twos.favour[a]! + twos.favour[b]!
          const gain = fall + favour + this.#favourBeside(ones, one, twos, a, b)
          if (gain > most) {
            most = gain
            found = { one, a, b, gain }
          }
        }
        if (both > wanted) a++
        else b--
      }
    }
    return found
  }

  /** What the three gain by going at once: without it two vCPUs of a guest would go to and fro without end. */
  #favourBeside(ones: Side, one: number, twos: Side, a: number, b: number): number {
    const now = this.#now
    const single = ones.items[one]!
    const [first, second] = [twos.items[a]!, twos.items[b]!]
    return (
      now.favourBeside(first, twos.to, second, twos.to) +
      now.favourBeside(single, ones.to, first, twos.to) +
      now.favourBeside(single, ones.to, second, twos.to)
    )
  }
}

function sideOf(now: Arrangement, items: readonly number[], to: number): Side {
  const { demand, allowed } = now.model
  const load = new Float64Array(items.length)
  const favour = new Float64Array(items.length)
  for (let index = 0; index < items.length; index++) {
    const item = items[index]!
    load[index] = demand[item]!
    favour[index] = allowed[item]![to] === 1 ? now.favour(item, to) : Number.NEGATIVE_INFINITY
  }
  return { items, to, load, favour }
}

/** Load that levels two bins best. */
export function idealLoad(now: Arrangement, from: number, to: number): number {
  return (now.pressure(from) - now.pressure(to)) / now.curve(from, to)
}

function lowest(now: Arrangement, source: number): number[] {
  const limit = now.pressure(source)
  const pressures = Array.from(now.loads, (_, bin) => now.pressure(bin))
  return [...pressures.keys()]
    .filter((bin) => pressures[bin]! < limit)
    .sort((a, b) => pressures[a]! - pressures[b]!)
    .slice(0, partners)
}
