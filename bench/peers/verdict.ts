import type { CaseOf } from './case-of.ts'
import type { CpuFigures } from './cpu.ts'
import type { MemoryFigures } from './memory.ts'

/** Points within which two peers are equal where one turn was taken; else it is what the turns of one peer differ by. */
const leastNoise = 2

/** Where Ballast was not, within noise, the best in the work that was done and in the longest delay: in words. */
export function judgeCpu({ case: name, peers }: CaseOf<CpuFigures>): string[] {
  return [
    ...judge(name, peers, 'work done in percent', ({ donePercent }) => -donePercent),
    ...judge(name, peers, 'longest delay in percent', ({ longestDelayPercent }) => longestDelayPercent),
  ]
}

/** Where Ballast had a program killed, or longer stalls than another that killed none: in words. */
export function judgeMemory({ case: name, peers }: CaseOf<MemoryFigures>): string[] {
  const ours = peers.ballast ?? []
  if (ours.length === 0) return [`${name}: Ballast was not measured`]
  const killed = ours.some(({ killed }) => killed > 0)
  const stall = mean(ours.map(({ stallSeconds }) => stallSeconds))
  const better = Object.entries(peers).filter(
    ([peer, taken]) =>
      peer !== 'ballast' &&
      taken.every(({ killed }) => killed === 0) &&
      mean(taken.map(({ stallSeconds }) => stallSeconds)) < stall - leastNoise,
  )
  return [
    ...(killed ? [`${name}: a program was killed under Ballast`] : []),
    ...better.map(([peer]) => `${name}: shorter stalls with ${peer}`),
  ]
}

/** What others are better in; `cost`: the less the better. */
function judge(
  name: string,
  peers: CaseOf<CpuFigures>['peers'],
  what: string,
  cost: (figures: CpuFigures) => number,
): string[] {
  const ours = (peers.ballast ?? []).map(cost)
  if (ours.length === 0) return [`${name}: Ballast was not measured`]
  return Object.entries(peers).flatMap(([peer, taken]) => {
    if (peer === 'ballast') return []
    const theirs = taken.map(cost)
    const noise = Math.max(leastNoise, spread(ours), spread(theirs))
    return mean(ours) > mean(theirs) + noise
      ? [
          `${name}, ${what}: ${peer} is better by ${(mean(ours) - mean(theirs)).toFixed(1)} (noise ${noise.toFixed(1)})`,
        ]
      : []
  })
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

/** What the turns of one differ by. */
function spread(values: readonly number[]): number {
  return Math.max(...values) - Math.min(...values)
}
