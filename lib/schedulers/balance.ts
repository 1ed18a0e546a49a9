import { CpuSet } from '../host/cpuset.ts'
import { wrongOption } from '../host/errors.ts'
import { mean } from '../view/deviation.ts'
import { type PinAction, pin, type StatefulPolicy } from '../view/plan.ts'
import { descend } from './descent.ts'
import { searchFewestMoves } from './exhaustive.ts'
import { type Movable, type Placement, readPlacement } from './placement.ts'
import { asItIs, type Rearrangement } from './rearrangement.ts'

export interface BalanceOptions {
  /**
   * Standard deviation of the pCPUs' demand, as a fraction of its mean, up to which the host counts as
   * balanced. Above 0, up to 1. Default 0.05.
   */
  readonly tolerance?: number | undefined
}

/** Nobody waits noticeably on a pCPU that is asked for less than this fraction. */
const idleLoad = 0.2
/** Deviation that is never worth a move, as a fraction of one pCPU. */
const negligible = 0.02
/** Fraction of the deviation that a plan has to take off to be worth its moves, if it comes within tolerance or not. */
const worthwhile = { within: 0.1, outOfReach: 0.25 }
/** A gain of more than so many times what is tolerated is no matter of noise. */
const clear = 3
/** Views in a row that must call for moves: when the gain is clear, and when it is not. */
const patience = { clear: 2, marginal: 4, most: 64 }

/** What {@link balance} remembers. */
export interface BalanceState {
  /** Views in a row, up to the last one, that called for moves. */
  readonly calls: number
  /** How many must, where the gain is not clear. Grows with each round of moves. */
  readonly needed: number
}

/**
 * Moves as few vCPUs as bring the standard deviation of demand over the online pCPUs within tolerance, and
 * none when it is. Of the ways with the fewest moves it takes the one with the least deviation. Where no
 * placement is within tolerance (five equal vCPUs on four pCPUs), it comes near the best that can be reached,
 * and then rests. On small hosts the fewest moves are found by looking at all of them, on large ones by
 * steepest descent.
 *
 * A move has to be worth it. It rests while no pCPU is asked for a fifth of its time; when all it could do is lower
 * the deviation by less than a tenth, or by less than a quarter without coming within tolerance; and until
 * several Views in a row have called for moves: two when they lower the deviation by more than three times what is
 * tolerated, four when by less, and after each round of moves twice as many as before it, up to 64. Noise does as
 * much, and passes.
 *
 * A vCPU that may run on several pCPUs counts on the one that it ran on last. Together with the first moves each
 * of those is pinned where it is, since a balance that the kernel shifts at any moment is none; while the
 * host is balanced they stay free.
 *
 * Load rebalancing: Aggarwal, Motwani, Zhu, "The load rebalancing problem" (2003).
 */
export function balance(options: BalanceOptions = {}): StatefulPolicy<PinAction, BalanceState> {
  const { tolerance = 0.05 } = options
  if (typeof tolerance !== 'number' || !(tolerance > 0 && tolerance <= 1)) {
    throw wrongOption('tolerance', 'a fraction above 0, up to 1', tolerance)
  }
  return {
    initialState: { calls: 0, needed: patience.marginal },
    decide(view, state) {
      const placement = readPlacement(view)
      const start = asItIs(placement)
      const tolerated = Math.max(tolerance * mean(start.loads), negligible)
      const better = improve(placement.movable, start, tolerated)
      const calls = better ? state.calls + 1 : 0
      const isClear = better !== undefined && start.deviation - better.deviation > clear * tolerated
      if (better && calls >= (isClear ? patience.clear : state.needed)) {
        const before = isClear ? patience.marginal : state.needed
        const needed = Math.min(2 * before, patience.most)
        return { plan: pins(placement, better), state: { calls: 0, needed } }
      }
      const homeless = placement.movable.some(({ home }) => home === undefined)
      return { plan: homeless ? pins(placement, start) : [], state: { ...state, calls } }
    },
  }
}

/**
 * A placement that is worth its moves, and from which none is that would be worth more; undefined when there
 * is none. Searching on from what was found matters where the search is a descent: it may see further from there.
 */
function improve(
  movable: readonly Movable[],
  start: Rearrangement,
  tolerated: number,
): Rearrangement | undefined {
  let found: Rearrangement | undefined
  for (
    let next = improveOnce(movable, start, tolerated);
    next;
    next = improveOnce(movable, next, tolerated)
  ) {
    found = next
  }
  return found
}

function improveOnce(
  movable: readonly Movable[],
  start: Rearrangement,
  tolerated: number,
): Rearrangement | undefined {
  if (start.deviation <= tolerated || Math.max(...start.loads) < idleLoad) return undefined
  const goal = Math.min(tolerated, start.deviation * (1 - worthwhile.within))
  const wanted = fewestMoves(movable, start, goal)
  if (wanted.deviation <= goal) return wanted

  // Out of reach: then as few moves as come near the best there is.
  const gain = start.deviation * worthwhile.outOfReach
  if (wanted.deviation > start.deviation - gain) return undefined
  const near = Math.min(wanted.deviation * (1 + worthwhile.within), start.deviation - gain)
  return fewestMoves(movable, start, near)
}

function fewestMoves(movable: readonly Movable[], start: Rearrangement, goal: number): Rearrangement {
  const { best, complete } = searchFewestMoves(movable, start, goal)
  if (complete || best.deviation <= goal) return best
  const descent = descend(movable, start, goal)
  return descent.deviation < best.deviation ? descent : best
}

function pins({ movable, pcpus, loads }: Placement, after: Rearrangement): PinAction[] {
  const middle = mean(after.loads)
  const outcome = `deviation then ${percent(after.deviation / middle)} of the mean ${percent(middle)}`
  return movable.flatMap(({ vcpu, demand, home }, index) => {
    const target = after.where[index]!
    const cpu = pcpus[target]!
    if (vcpu.affinity?.size === 1 && vcpu.affinity.has(cpu)) return []
    const wants = `wants ${percent(demand)}`
    const to = `pCPU ${cpu} (${percent(loads[target]!)} before, ${percent(after.loads[target]!)} after)`
    const reason =
      home === target
        ? `${wants}, stays on ${to}; ${outcome}`
        : `${wants}, from ${from(home, pcpus, loads)} to ${to}; ${outcome}`
    return [pin(vcpu, CpuSet.of(cpu), reason)]
  })
}

function from(home: number | undefined, pcpus: readonly number[], loads: Float64Array): string {
  return home === undefined ? 'where it may not be' : `pCPU ${pcpus[home]} (${percent(loads[home]!)})`
}

function percent(fraction: number): string {
  return `${(100 * fraction).toFixed(1)} %`
}
