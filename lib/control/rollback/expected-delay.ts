/** Something that runs on one pCPU, in fractions of that pCPU. */
export interface Sharer {
  /** What it would use alone. */
  readonly demand: number
  /** What it weighs against the others. */
  readonly weight: number
}

/** Rounds after which the figures have come to rest: each halves what is missing, or more. */
const rounds = 40

/**
 * The part of the time that each of those who share one pCPU is likely to be runnable and wait. The kernel shares a pCPU
 * by weight among those who are runnable now; each is as often runnable as it takes to do its work beside the others:
 * r = min(1, demand / share), share = w / (w + sum over others of r * w), and the delay is r * (1 - share).
 *
 * That is processor sharing with mean values (Kleinrock, "Queueing Systems" II, 4.4), and work that arrives by the clock:
 * a guest that sleeps after each piece of work waits less, unless it falls into step with another.
 */
export function likelyDelays(sharers: readonly Sharer[]): number[] {
  let runnable = sharers.map(({ demand }) => Math.min(1, demand))
  let shares = runnable
  for (let round = 0; round < rounds; round++) {
    const total = sharers.reduce((sum, { weight }, i) => sum + runnable[i]! * weight, 0)
    shares = sharers.map(({ weight }, i) => weight / (weight + Math.max(0, total - runnable[i]! * weight)))
    runnable = sharers.map(({ demand }, i) => Math.min(1, demand / shares[i]!))
  }
  return runnable.map((part, i) => part * (1 - shares[i]!))
}

/**
 * The part of the time that each may wait before something else than the placement is to blame. Mean values say nothing of
 * phases: vCPUs that share a pCPU may fall into step, and one that wakes up as another begins to work waits for all of
 * that, each time; at most as long as the others run. Half of the way from the mean to that is taken to be chance.
 */
export function tolerableDelays(sharers: readonly Sharer[]): number[] {
  const total = sharers.reduce((sum, { demand }) => sum + demand, 0)
  return likelyDelays(sharers).map((likely, i) => {
    const inStep = Math.min(1, total - sharers[i]!.demand)
    return Math.max(likely, (likely + inStep) / 2)
  })
}
