import type { Sharer } from '../rollback/expected-delay.ts'

/** What one of those who share a pCPU is likely to run and to wait, as fractions of the time. */
export interface Service {
  readonly usage: number
  readonly delay: number
}

/** Rounds after which the figures have settled. */
const rounds = 40

/**
 * What each of those who share one pCPU is likely to get of it, where each computes a piece of work, then sleeps: the later
 * its work is done, the later comes the next. The kernel shares the pCPU by weight among those who are runnable:
 * s = w / (w + sum over others of r * w), and a piece takes 1 / s as long as alone, so r = (d / s) / (d / s + 1 - d)
 * for a demand d. It runs r * s and waits r * (1 - s). What is left over goes to those who never sleep.
 *
 * Mean values of a closed queueing network (Reiser, Lavenberg 1980) at a processor that is shared.
 */
export function likelyService(sharers: readonly Sharer[]): Service[] {
  let runnable = sharers.map(({ demand }) => demand)
  let shares = runnable
  for (let round = 0; round < rounds; round++) {
    const total = sharers.reduce((sum, { weight }, i) => sum + runnable[i]! * weight, 0)
    shares = sharers.map(({ weight }, i) => weight / (weight + Math.max(0, total - runnable[i]! * weight)))
    runnable = sharers.map(({ demand }, i) => {
      const stretched = demand / shares[i]!
      return stretched > 0 ? stretched / (stretched + 1 - demand) : 0
    })
  }
  const usage = runnable.map((part, i) => part * shares[i]!)
  const awake = sharers.map(({ demand, weight }) => (demand >= 1 ? weight : 0))
  const weights = awake.reduce((sum, weight) => sum + weight, 0)
  const left = Math.max(0, 1 - usage.reduce((sum, part) => sum + part, 0))
  return usage.map((part, i) => {
    const own = weights > 0 ? part + (left * awake[i]!) / weights : part
    return { usage: own, delay: Math.max(0, runnable[i]! - own) }
  })
}
