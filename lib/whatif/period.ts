import type { FiguresRecord } from './host-figures.ts'
import type { FittedLoad } from './load.ts'
import { missOf } from './miss.ts'
import { play } from './play.ts'
import { usualPeriod } from './scenario-load.ts'

/**
 * Milliseconds that a piece of work and the sleep after it may take: of a server, of the classic loads, of a frame, of
 * a batch.
 */
const candidates = [3, usualPeriod, 50, 200]
/** The first ticks of a recording, which are played with each of these. */
export const ticksOfPeriods = 120
/** Part of the time below which nobody waits: then it does not matter how long pieces are. */
const leastDelay = 0.02
/** By how much a candidate has to be closer on average to be chosen instead of the usual one. */
const leastGain = 0.005

/**
 * How long vCPUs that share a pCPU wait depends on how long their pieces of work are, and no counter tells that. So the first
 * ticks are played, with all vCPUs where they were, once for each of some lengths: that with which they wait as long as
 * they did is taken for all of them. One for each would fit better, and to what is chance as well. Where nobody waited it is the
 * usual one. `load` makes the load with a length.
 */
export async function fitPeriod(
  recorded: FiguresRecord,
  load: (period: number) => FittedLoad,
  signal: AbortSignal | undefined,
): Promise<number> {
  if (!(recorded.worstDelay > leastDelay)) return usualPeriod
  let best = { period: usualPeriod, miss: Number.POSITIVE_INFINITY }
  for (const period of candidates) {
    const fitted = load(period)
    const { interval } = fitted
    const ticks = Math.min(fitted.ticks, ticksOfPeriods)
    const { figures } = await play({ ...fitted, ticks }, { interval }, { signal })
    const miss = missOf(figures, recorded).delay - (period === usualPeriod ? leastGain : 0)
    if (miss < best.miss) best = { period, miss }
  }
  return best.period
}
