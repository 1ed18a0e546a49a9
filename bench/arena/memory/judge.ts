import type { MemoryResult } from './run.ts'

/** What the arena holds `shares` to. */
export const memoryClaims = {
  safe: 'kills nothing and grants nothing from the host reserve where the host has memory for all needs',
  leastStall: 'programs wait no longer than under any other policy in four fifths of those',
  nearBest: 'and nowhere 1.1 times as long as under the best',
  rest: 'at rest, no action at all',
} as const
export type MemoryClaim = keyof typeof memoryClaims

/** Seconds of waiting, per guest run, that make no difference: one guest, one tenth of a second. */
export const stallSlack = 0.1
const worstFactor = 1.1
const leastPart = 0.8

/** One claim that did not hold. */
export interface BrokenMemoryClaim {
  readonly claim: MemoryClaim
  readonly contest: string
  /** In figures. */
  readonly what: string
}

/** Holds what `subject` did against what the others did. */
export function judgeMemory(results: readonly MemoryResult[], subject: string): BrokenMemoryClaim[] {
  const names = [...new Set(results.map(({ contest }) => contest))]
  const stalls = names.flatMap((contest) => {
    const own = results.filter((one) => one.contest === contest)
    if (!own.every(({ figures }) => figures.feasible)) return []
    const policies = [...new Set(own.map(({ policy }) => policy))]
    const stallOf = (policy: string) =>
      mean(own.filter((one) => one.policy === policy).map((one) => one.figures.stall))
    const rivals = policies
      .filter((policy) => policy !== subject)
      .map((policy) => ({ policy, stall: stallOf(policy) }))
      .sort((a, b) => a.stall - b.stall)
    return rivals[0] ? [{ contest, mine: stallOf(subject), best: rivals[0] }] : []
  })
  const behind = stalls.filter(({ mine, best }) => mine > best.stall + stallSlack)
  const tooMany = behind.length > (1 - leastPart) * stalls.length + 1e-9
  const words = ({ mine, best }: (typeof stalls)[number]) => {
    return `${mine.toFixed(1)} s, ${best.policy}: ${best.stall.toFixed(1)} s`
  }
  return [
    ...results.filter(({ policy }) => policy === subject).flatMap(harm),
    ...(tooMany ? behind : []).map((one): BrokenMemoryClaim => {
      return { claim: 'leastStall', contest: one.contest, what: words(one) }
    }),
    ...behind
      .filter(({ mine, best }) => mine > worstFactor * best.stall + stallSlack)
      .map((one): BrokenMemoryClaim => ({ claim: 'nearBest', contest: one.contest, what: words(one) })),
  ]
}

function harm({ contest, seed, figures }: MemoryResult): BrokenMemoryClaim[] {
  const { feasible, killed, brokenMiB, actionsAtRest, ticksAtRest } = figures
  const found: [MemoryClaim, boolean, string][] = [
    ['safe', feasible && killed > 0, `seed ${seed}: ${killed} killed`],
    ['safe', feasible && brokenMiB > 0, `seed ${seed}: ${brokenMiB.toFixed(1)} MiB granted from the reserve`],
    ['rest', actionsAtRest > 0, `seed ${seed}: ${actionsAtRest} actions in ${ticksAtRest} ticks`],
  ]
  return found.flatMap(([claim, is, what]) => (is ? [{ claim, contest, what }] : []))
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
