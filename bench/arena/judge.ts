import { type PhaseFigures, slack, tolerance } from './figures.ts'
import type { Result } from './run.ts'

/** What the arena holds `balance` to. */
export const claims = {
  noneBetter: 'no other policy comes to a lower deviation with as many moves or fewer from the same start',
  oracle:
    'deviation within 1 % of the mean of the least there is with its moves, and the fewest moves there are',
  rest: 'comes to balance, and moves nothing afterwards',
} as const
export type Claim = keyof typeof claims

/** One claim that did not hold. */
export interface Broken {
  readonly claim: Claim
  readonly contest: string
  readonly seed: number
  readonly phase: number
  /** In figures. */
  readonly what: string
}

/** Holds what `balance` did against what the others did, and against the oracle. */
export function judge(results: readonly Result[]): Broken[] {
  return results
    .filter(({ policy }) => policy === 'balance')
    .flatMap((balance) => {
      const others = results.filter(({ contest, seed, policy }) => {
        return contest === balance.contest && seed === balance.seed && policy !== 'balance'
      })
      return balance.phases.flatMap((figures, phase) => {
        if (!figures.judged) return []
        const rivals = others.flatMap(({ policy, phases }) => {
          const rival = phases[phase]
          return rival ? [{ policy, rival }] : []
        })
        const found: [Claim, string[]][] = [
          ['noneBetter', rivals.flatMap(({ policy, rival }) => betterThan(figures, rival, policy))],
          ['oracle', againstOracle(figures)],
          ['rest', atRest(figures)],
        ]
        const { contest, seed } = balance
        return found.flatMap(([claim, whats]) =>
          whats.map((what): Broken => ({ claim, contest, seed, phase, what })),
        )
      })
    })
}

function betterThan(own: PhaseFigures, rival: PhaseFigures, policy: string): string[] {
  const [mine, theirs] = [own.deviations[0]!, rival.deviations[0]!]
  if (rival.start !== own.start || rival.moves > own.moves || theirs >= mine - slack) return []
  return [`${percent(mine)} by ${own.moves} moves, ${policy}: ${percent(theirs)} by ${rival.moves}`]
}

function againstOracle({ oracle, deviations, lowerBound, moves }: PhaseFigures): string[] {
  if (!oracle) {
    const least = Math.max(tolerance, lowerBound)
    const [deviation] = deviations
    return deviation! > least + slack ? [`${percent(deviation!)}, ${percent(least)} would be level`] : []
  }
  if (!oracle.measure) throw new Error('Who is judged must be measured')
  const { low, high, withSoManyMoves } = oracle.measure
  const few = low === high ? `${low}` : `${low} to ${high}`
  const missed = withSoManyMoves.findIndex((least, level) => deviations[level]! > least + slack)
  const there = `${percent(withSoManyMoves[missed] ?? 0)} there is`
  return [
    ...(moves < low || moves > high ? [`${moves} moves, fewest are ${few}`] : []),
    ...(missed >= 0 ? [`${percent(deviations[missed]!)} by ${moves} moves, ${there}`] : []),
  ]
}

function atRest({
  ticksToBalance,
  movesAfterBalance,
  ticksAfterBalance,
  deviations,
}: PhaseFigures): string[] {
  if (movesAfterBalance > 0) return [`${movesAfterBalance} moves in ${ticksAfterBalance} ticks after balance`]
  return ticksToBalance === undefined ? [`never level: ${percent(deviations[0]!)}`] : []
}

function percent(value: number): string {
  return `${value.toFixed(1)} %`
}
