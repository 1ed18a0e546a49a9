/** What one of several may be given of an amount, in bytes. */
export interface Part {
  /** What it has in any case. */
  readonly from: number
  /** What it can have at most; not below `from`. */
  readonly to: number
  /** At level `x` it is to have `base + x * weight`, within these two. */
  readonly base: number
  /** Above 0. */
  readonly weight: number
}

/**
 * Shares `amount` out: all parts are filled to one level, none beyond its limits. Exact: the level is found among the
 * sorted points at which some part begins or ends to grow, in O(n log n), and not approached.
 *
 * @returns Whole bytes for each part, never more than `amount` in all unless that is what they have in any case; less
 * by the fractions that were cut off, and where all have all they can.
 */
export function fill(parts: readonly Part[], amount: number): Float64Array {
  const sizes = new Float64Array(parts.length)
  if (amount >= sum(parts, (part) => part.to)) return write(sizes, parts, (part) => part.to)
  if (amount <= sum(parts, (part) => part.from)) return write(sizes, parts, (part) => part.from)

  const level = levelOf(parts, amount)
  write(sizes, parts, (part) => at(part, level))
  cut(sizes, parts, amount)
  return sizes
}

/** The level at which the parts come to `amount`, which lies between what they have and what they can have. */
function levelOf(parts: readonly Part[], amount: number): number {
  const points = new Float64Array(2 * parts.length)
  for (let i = 0; i < parts.length; i++) {
    const { from, to, base, weight } = parts[i]!
    points[2 * i] = (from - base) / weight
    points[2 * i + 1] = (to - base) / weight
  }
  points.sort()
  let below = 0
  let above = points.length - 1
  while (above - below > 1) {
    const middle = (below + above) >> 1
    const level = points[middle]!
    if (sum(parts, (part) => between(part, level)) <= amount) below = middle
    else above = middle
  }
  // Between two neighbouring points the sum is a straight line.
  const low = points[below]!
  const high = points[above]!
  const atLow = sum(parts, (part) => between(part, low))
  const atHigh = sum(parts, (part) => between(part, high))
  return atHigh > atLow ? low + ((high - low) * (amount - atLow)) / (atHigh - atLow) : low
}

function between({ from, to, base, weight }: Part, level: number): number {
  return Math.max(from, Math.min(to, base + level * weight))
}

function at(part: Part, level: number): number {
  return Math.max(part.from, Math.floor(between(part, level)))
}

/** Takes back what rounding has given too much: some bytes at most. */
function cut(sizes: Float64Array, parts: readonly Part[], amount: number): void {
  let excess = sizes.reduce((total, size) => total + size, 0) - amount
  for (let i = 0; excess > 0 && i < sizes.length; i++) {
    const less = Math.min(Math.ceil(excess), sizes[i]! - parts[i]!.from)
    sizes[i]! -= less
    excess -= less
  }
}

function write(sizes: Float64Array, parts: readonly Part[], size: (part: Part) => number): Float64Array {
  for (let i = 0; i < sizes.length; i++) sizes[i] = size(parts[i]!)
  return sizes
}

function sum(parts: readonly Part[], bytes: (part: Part) => number): number {
  let total = 0
  for (let i = 0; i < parts.length; i++) total += bytes(parts[i]!)
  return total
}
