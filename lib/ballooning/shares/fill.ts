/** What several may be given of an amount, in bytes, one entry for each of them. */
export interface Parts {
  /** What it has in any case. */
  readonly from: Float64Array
  /** What it can have at most; not below `from`. */
  readonly to: Float64Array
  /** At level `x` it is to have `base + x * weight`, within these two. */
  readonly base: Float64Array
  /** Above 0. */
  readonly weight: Float64Array
}

/**
 * Shares `amount` out: all parts are filled to one level, none beyond its limits. Exact: the level is found among the
 * sorted points at which some part begins or ends to grow, in O(n log n), and not approached.
 *
 * @returns Whole bytes for each part, never more than `amount` in all unless that is what they have in any case; less
 * by the fractions that were cut off, and where all have all they can.
 */
export function fill(parts: Parts, amount: number): Float64Array {
  const { from, to } = parts
  if (amount >= sum(to)) return to.slice()
  if (amount <= sum(from)) return from.slice()

  const level = levelOf(parts, amount)
  const sizes = new Float64Array(from.length)
  for (let i = 0; i < sizes.length; i++) sizes[i] = Math.max(from[i]!, Math.floor(sizeAt(parts, i, level)))
  cut(sizes, from, amount)
  return sizes
}

/** The level at which the parts come to `amount`, which lies between what they have and what they can have. */
function levelOf(parts: Parts, amount: number): number {
  const { from, to, base, weight } = parts
  const points = new Float64Array(2 * from.length)
  for (let i = 0; i < from.length; i++) {
    points[2 * i] = (from[i]! - base[i]!) / weight[i]!
    points[2 * i + 1] = (to[i]! - base[i]!) / weight[i]!
  }
  points.sort()
  let below = 0
  let above = points.length - 1
  while (above - below > 1) {
    const middle = (below + above) >> 1
    if (sumAt(parts, points[middle]!) <= amount) below = middle
    else above = middle
  }
  // Between two neighbouring points the sum is a straight line.
  const low = points[below]!
  const high = points[above]!
  const atLow = sumAt(parts, low)
  const atHigh = sumAt(parts, high)
  return atHigh > atLow ? low + ((high - low) * (amount - atLow)) / (atHigh - atLow) : low
}

function sizeAt({ from, to, base, weight }: Parts, i: number, level: number): number {
  return Math.max(from[i]!, Math.min(to[i]!, base[i]! + level * weight[i]!))
}

/** Written out, and not with {@link sizeAt}: it is asked for a dozen times for each level that does not fit. */
function sumAt({ from, to, base, weight }: Parts, level: number): number {
  let total = 0
  for (let i = 0; i < from.length; i++) {
    total += Math.max(from[i]!, Math.min(to[i]!, base[i]! + level * weight[i]!))
  }
  return total
}

/** Takes back what rounding has given too much: some bytes at most. */
function cut(sizes: Float64Array, from: Float64Array, amount: number): void {
  let excess = sum(sizes) - amount
  for (let i = 0; excess > 0 && i < sizes.length; i++) {
    const less = Math.min(Math.ceil(excess), sizes[i]! - from[i]!)
    sizes[i]! -= less
    excess -= less
  }
}

function sum(sizes: Float64Array): number {
  let total = 0
  for (let i = 0; i < sizes.length; i++) total += sizes[i]!
  return total
}
