import { Random } from '../../util/random.ts'
import type { Reading } from './trace.ts'

/** Milliseconds for which what is made up between two readings stays as it is. */
export const piece = 30_000
/** How far a piece is from the average, where the trace does not say how far it went. */
const spread = 0.3

/**
 * What a guest used in each piece of one step of a trace, as a part of all its vCPUs. The mean is that of the trace. Where it
 * says between what the guest was, every piece is at one of these ends, as many at each as make the mean, and one
 * between them; else each is within 30 % of the mean. Which piece is which comes from numbers that depend on the seed,
 * the guest, and the time of the reading alone: the same trace gives the same scenario.
 */
export function piecesOf(
  { guest, time, cpu, cpuLeast, cpuMost }: Reading,
  count: number,
  seed: number,
): number[] {
  const random = new Random(seed, `${guest} at ${time}`)
  const average = Math.min(1, cpu)
  if (cpuLeast !== undefined && cpuMost !== undefined) {
    return shuffled(betweenEnds(average, cpuLeast, cpuMost, count), random)
  }
  const drawn = Array.from({ length: count }, () => random.around(1, spread))
  const mean = drawn.reduce((sum, one) => sum + one, 0) / count
  const most = Math.max(...drawn) / mean
  // None is above all that there is: then all are closer to the mean.
  const scale = most > 1 && average * most > 1 ? (1 / average - 1) / (most - 1) : 1
  return drawn.map((one) => average * (1 + scale * (one / mean - 1)))
}

function betweenEnds(average: number, least: number, most: number, count: number): number[] {
  const low = Math.min(least, average)
  const high = Math.min(1, Math.max(most, average))
  if (high - low < 1e-9) return new Array<number>(count).fill(average)
  const whole = Math.floor((count * (average - low)) / (high - low))
  const values = Array.from({ length: count }, (_, index) => (index < whole ? high : low))
  if (whole < count) values[whole] = count * average - whole * high - (count - whole - 1) * low
  return values
}

/** Fisher and Yates. */
function shuffled(values: number[], random: Random): number[] {
  for (let last = values.length - 1; last > 0; last--) {
    const other = random.below(last + 1)
    ;[values[last], values[other]] = [values[other]!, values[last]!]
  }
  return values
}
