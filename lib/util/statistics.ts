/** Arithmetic mean; 0 of nothing. */
export function mean(values: ArrayLike<number>): number {
  let sum = 0
  for (let i = 0; i < values.length; i++) sum += values[i]!
  return values.length === 0 ? 0 : sum / values.length
}

/**
 * Standard deviation of a whole population (divided by its size, not by one less); 0 of nothing. With a
 * given mean it falls and rises with the sum of squares.
 */
export function standardDeviation(values: ArrayLike<number>): number {
  const middle = mean(values)
  let squares = 0
  for (let i = 0; i < values.length; i++) squares += (values[i]! - middle) ** 2
  return values.length === 0 ? 0 : Math.sqrt(squares / values.length)
}
