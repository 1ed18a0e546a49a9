import { alikeDelay, excusedDelays, type Placed, reliefOf, relieveBy, worstDelay } from './placed.ts'
import { type Reached, reach } from './reach.ts'
import { leastGain, refinable, refine } from './refine.ts'
import { relieve } from './relieve.ts'
import type { Search } from './search.ts'

/** Halvings of what is between the delay now and the one that is aimed at. */
const halvings = 5
/** Plans whose longest delays differ by less are alike: the one with the fewest moves is taken. */
const alike = 0.02

/** A plan that was weighed beside the one that was chosen. */
export interface WeighedPlan {
  readonly placed: readonly Placed[]
  /** The longest delay that it leads to, of the hosts that may be relieved. */
  readonly delay: number
}

/**
 * Takes guests off the hosts whose vCPUs wait longest. One plan is made move by move, others reach a goal as a whole; of those
 * that come near the shortest delay of the worst-served vCPU, the one with the fewest moves is taken. Gives the others.
 */
export function bestRelief(
  search: Search,
  tolerated: number,
  suffers: (host: number) => boolean,
): readonly WeighedPlan[] {
  const excused = excusedDelays(search, suffers)
  const now = worstDelay(search, excused)
  if (now <= tolerated) return []
  relieve(search, tolerated, suffers)
  const placed = reliefOf(search)
  const reasons = new Map(search.decisions)
  const stepwise: Reached = { placed, delay: worstDelay(search, excused) }
  for (const { unit } of placed) search.undo(unit)
  const plans = [stepwise, ...plansToGoals(search, tolerated, excused, now)]
  const chosen =
    search.columns.units.length > refinable.units
      ? // What a plan leaves on purpose is no reason for the next one, so it has to take that off beside.
        bestOf(plans, now, alike, 2 * alike)
      : // Each move is one of few: those that take next to nothing off are not worth a plan.
        bestOf(plans.filter(isWorthItsMoves(now)), now, alikeDelay, alike)
  if (chosen) relieveBy(search, chosen.placed, chosen === stepwise ? reasons : undefined)
  refine(search, tolerated, suffers)
  return plans.filter((plan) => plan !== chosen && plan.placed.length > 0)
}

/** Plans to the lowest goal that one is found for, and to a bit above it. */
function plansToGoals(search: Search, tolerated: number, excused: Float64Array, now: number): Reached[] {
  const plans: Reached[] = []
  let low = Math.max(tolerated, search.columns.leastDelay)
  let high = now
  const lookFor = (goal: number) => {
    const plan = reach(search, goal, excused)
    if (plan) plans.push(plan)
    return plan
  }
  for (let halving = 0; halving <= halvings && high - low > alike / 2; halving++) {
    const goal = halving === 0 ? low + alikeDelay : (low + high) / 2
    const plan = lookFor(goal)
    if (plan) high = Math.min(goal, plan.delay)
    else low = goal
  }
  for (const part of [0.5, 1]) lookFor(high + part * alike)
  // What is aimed at was reached at once: what half of the way takes is worth knowing too.
  if (high <= low + alikeDelay) lookFor((high + now) / 2)
  return plans
}

function isWorthItsMoves(now: number): (plan: Reached) => boolean {
  return ({ placed, delay }) => now - delay >= leastGain * placed.length
}

/** Of the plans within `near` of the shortest delay, the one with the fewest moves; undefined: none takes `least` off. */
function bestOf(plans: readonly Reached[], now: number, near: number, least: number): Reached | undefined {
  const shortest = plans.reduce((one, { delay }) => Math.min(one, delay), now)
  if (now - shortest < least) return undefined
  const good = plans.filter(({ delay }) => delay <= shortest + near)
  return good.toSorted((a, b) => a.placed.length - b.placed.length || a.delay - b.delay)[0]
}
