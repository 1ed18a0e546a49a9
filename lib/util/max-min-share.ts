/** One claim on a scarce resource, and its weight against the others. */
export interface Wish {
  readonly wanted: number
  readonly weight: number
}

/**
 * Divides `capacity` by weighted max-min fairness: no claim gets more than it wants, and what one leaves goes to the
 * others in proportion to their weights.
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
