/** What somebody wants of something that is short, and the weight that it has against others. */
export interface Wish {
  readonly wanted: number
  readonly weight: number
}

/**
 * Divides `capacity` by weighted max-min fairness: nobody gets more than it wants, and what one leaves goes to the
 * others in proportion to their weights. So the kernel divides a pCPU among those that are on it, with equal
 * weights.
 */
export function served(wishes: readonly Wish[], capacity: number): Float64Array {
  const gets = new Float64Array(wishes.length)
  let left = Math.max(0, capacity)
  let weights = wishes.reduce((sum, { weight }) => sum + weight, 0)
  const byHunger = [...wishes.keys()].sort(
    (a, b) => wishes[a]!.wanted / wishes[a]!.weight - wishes[b]!.wanted / wishes[b]!.weight,
  )
  for (const index of byHunger) {
    const { wanted, weight } = wishes[index]!
    const part = Math.min(wanted, (left * weight) / weights)
    gets[index] = part
    left -= part
    weights -= weight
  }
  return gets
}
