/** Where repeated measurements of one thing lie, in their own unit. */
export interface Spread {
  readonly median: number
  /** A quarter of them are at or below it. */
  readonly lowerQuartile: number
  /** A quarter of them are at or above it. */
  readonly upperQuartile: number
  readonly least: number
  readonly most: number
}

/** The spread of at least one measurement. */
export function spreadOf(measurements: readonly number[]): Spread {
  const sorted = [...measurements].sort((a, b) => a - b)
  return {
    median: quantile(sorted, 0.5),
    lowerQuartile: quantile(sorted, 0.25),
    upperQuartile: quantile(sorted, 0.75),
    least: quantile(sorted, 0),
    most: quantile(sorted, 1),
  }
}

/** Between two measurements the straight line, as most programs have it (Hyndman and Fan, type 7). */
function quantile(sorted: readonly number[], fraction: number): number {
  const place = fraction * (sorted.length - 1)
  const below = Math.floor(place)
  const least = sorted[below]
  if (least === undefined) throw new Error('Nothing was measured')
  const next = sorted[below + 1] ?? least
  return least + (next - least) * (place - below)
}
