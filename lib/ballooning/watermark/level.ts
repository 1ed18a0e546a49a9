/** A guest that is to grow, in bytes. */
export interface Claim {
  /** The size that it is to come to. */
  readonly wanted: number
  /** The size at which it would have nothing unused. */
  readonly used: number
  /** The size that it is already counted with: up to it, growing costs the host nothing. */
  readonly counted: number
}

/** Halvings of the level that is looked for: from terabytes to less than a byte. */
const halvings = 48

/**
 * Shares `pool` bytes among claims so that those with the least unused get it first: all are filled to one
 * common level of unused memory, none beyond what it wants. A claim's size never falls below what it is
 * counted with.
 *
 * @returns The size of each, in the order of `claims`.
 */
export function share(claims: readonly Claim[], pool: number): number[] {
  const sizesAt = (level: number) =>
    claims.map(({ wanted, used, counted }) =>
      Math.max(Math.min(wanted, used + level), Math.min(wanted, counted)),
    )
  const cost = (sizes: readonly number[]) =>
    sizes.reduce((sum, size, i) => sum + Math.max(0, size - claims[i]!.counted), 0)

  const enough = Math.max(0, ...claims.map(({ wanted, used }) => wanted - used))
  if (cost(sizesAt(enough)) <= pool) return sizesAt(enough)
  let low = 0
  let high = enough
  for (let i = 0; i < halvings; i++) {
    const middle = (low + high) / 2
    if (cost(sizesAt(middle)) <= pool) low = middle
    else high = middle
  }
  const sizes = sizesAt(low)
  return cost(sizes) <= pool ? sizes : claims.map(({ wanted, counted }) => Math.min(wanted, counted))
}
