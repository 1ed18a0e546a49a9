import { fleetContests } from './contests.ts'
import { within } from './optimum.ts'
import type { FleetResult } from './run.ts'

/** Wait that `balance` moves nobody for. */
const tolerated = 0.05

/** What must be so of `balance` in every contest, and in words. */
export const fleetClaims = {
  budget: 'no guest is moved to where there is no memory for it, at no step',
  rules: 'no hard rule is broken that was not at the beginning',
  lost: 'no guest is lost',
  rest: 'nothing is moved any more once the fleet is in order and nothing changes',
  optimum:
    'the worst-served vCPU waits at most 2 points longer than with the best placement of as many moves',
  moves: 'what was reached cannot be had with fewer moves, within 2 points',
  usage:
    'the worst-served vCPU waits no longer than with `usage`, and where it waits no less, no more is moved',
  expected: 'what the contest is about',
} as const

export interface BrokenFleetClaim {
  readonly claim: keyof typeof fleetClaims
  readonly contest: string
  readonly seed: number
  readonly what: string
}

/** The claims that do not hold of the results of `subject`. */
export function judgeFleet(results: readonly FleetResult[], subject: string): BrokenFleetClaim[] {
  return results
    .filter(({ policy }) => policy === subject)
    .flatMap((result) => {
      const { contest, seed } = result
      const usage = results.find((one) => {
        return one.policy === 'usage' && one.contest === contest && one.seed === seed
      })
      return Object.entries(problemsOf(result, usage)).flatMap(([claim, what]) =>
        what === undefined ? [] : [{ claim: claim as keyof typeof fleetClaims, contest, seed, what }],
      )
    })
}

function problemsOf(
  { contest: name, figures, optimum }: FleetResult,
  usage: FleetResult | undefined,
): Readonly<Record<keyof typeof fleetClaims, string | undefined>> {
  const contest = fleetContests.find((one) => one.name === name)!
  const {
    overfilledByMove,
    overfilled,
    rulesBroken,
    movesAtRest,
    delayAfter,
    moves,
    homesBefore,
    homesAfter,
  } = figures
  const above = Math.max(overfilledByMove, contest.short ? 0 : overfilled)
  const lost = contest.comesAndGoes ? [] : Object.keys(homesBefore).filter((guest) => !(guest in homesAfter))
  return {
    budget: above > 0 ? `${(above / 2 ** 20).toFixed(0)} MiB above a budget` : undefined,
    rules: rulesBroken > 0 ? `in ${rulesBroken} rounds` : undefined,
    lost: lost.length > 0 ? lost.join(', ') : undefined,
    rest:
      contest.rests && movesAtRest > 0 ? `${movesAtRest} moves in ${figures.roundsAtRest} rounds` : undefined,
    optimum:
      optimum?.delay !== undefined && delayAfter > optimum.delay + within
        ? `${percent(delayAfter)} waited, ${percent(optimum.delay)} can be had with ${moves} moves`
        : undefined,
    moves:
      optimum?.moves !== undefined && moves > optimum.moves
        ? `${moves} moves, the same can be had with ${optimum.moves}`
        : undefined,
    usage: usage && !contest.beyondUsage ? againstUsage(figures, usage.figures) : undefined,
    expected: contest.expect?.(figures),
  }
}

function againstUsage(own: FleetResult['figures'], usage: FleetResult['figures']): string | undefined {
  if (own.delayAfter > Math.max(tolerated, usage.delayAfter + within)) {
    return `${percent(own.delayAfter)} waited, ${percent(usage.delayAfter)} with usage`
  }
  const isBetter = own.delayAfter < usage.delayAfter - within || own.delay < usage.delay - within / 4
  return !isBetter && own.moves > usage.moves ? `${own.moves} moves, ${usage.moves} with usage` : undefined
}

function percent(part: number): string {
  return `${(100 * part).toFixed(1)} %`
}
