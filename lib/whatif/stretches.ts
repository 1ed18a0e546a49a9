/** Samples in a row that are alike, from `first` up to, not including, `end`; their mean. */
export interface Stretch {
  readonly first: number
  readonly end: number
  readonly mean: number
}

/**
 * Divides a series into stretches of values that are no farther than `slack` (a function of the mean) from the mean of those
 * before them: so that what is noise becomes one level, and a change is one. What is not known (NaN) is as the value before it;
 * at the beginning, as the first that is known. Nothing at all is known: no stretch.
 */
export function stretches(values: readonly number[], slack: (mean: number) => number): Stretch[] {
  const found: { first: number; end: number; mean: number; count: number }[] = []
  for (const [index, value] of values.entries()) {
    const last = found.at(-1)
    if (Number.isNaN(value)) {
      if (last) last.end = index + 1
    } else if (last && Math.abs(value - last.mean) <= slack(last.mean)) {
      last.count++
      last.mean += (value - last.mean) / last.count
      last.end = index + 1
    } else {
      found.push({ first: last ? index : 0, end: index + 1, mean: value, count: 1 })
    }
  }
  return found
}
