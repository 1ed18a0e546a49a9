import { wrongOption } from '../host/errors.ts'
import { assertPositiveFraction } from '../policy/options.ts'
import type { Decision, PinAction, StatefulPolicy } from '../policy/plan.ts'
import type { View } from '../view/view.ts'
import { type Level, shapeOf } from './balance/bins.ts'
import {
  chooseAgain,
  hasToRest,
  initialPatience,
  isTime,
  moved,
  type PatienceState,
  waiting,
} from './balance/hysteresis.ts'
import { readModel } from './balance/model.ts'
import { defaultPrice, type Price, priceFrom } from './balance/move-cost.ts'
import { isWanting, levelsOf } from './balance/pin-levels.ts'
import { pinInPlace, pinsOf, repinAllowed } from './balance/pins.ts'

export interface BalanceOptions {
  /**
   * Standard deviation of the pCPUs' load, as a fraction of its mean, up to which the host counts as
   * balanced; where no placement comes so near, of what is above the lower bound. Above 0, up to 1. Default 0.05.
   */
  readonly tolerance?: number | undefined
  /**
   * What a vCPU is pinned to: the one pCPU that suits it best, or a set of them (a NUMA cell, then a last-level
   * cache, then a core), which leaves the kernel a way out and is tightened only once vCPUs wait. Default `cpu`.
   */
  readonly pin?: 'cpu' | 'set' | undefined
  /** Most moves in one plan; the rest follow in the next ones. A whole number from 1; default: no limit. */
  readonly maxMoves?: number | undefined
  /** Milliseconds that a vCPU stays where it was moved to. Default 0. */
  readonly cooldown?: number | undefined
  /**
   * Whether what else is busy on a pCPU counts to its load. For hosts where that cannot go elsewhere (interrupts,
   * pinned programs). Default false: what may run anywhere moves away by itself.
   */
  readonly background?: boolean | undefined
  /** What a core's second thread is worth beside the first, as a fraction of a core. Above 0, up to 1. Default 0.25. */
  readonly sibling?: number | undefined
  /** What moves and places cost; those that are not given stay at their defaults. */
  readonly cost?: Partial<Price> | undefined
}

/** What is not given. */
export const balanceDefaults = {
  tolerance: 0.05,
  pin: 'cpu',
  maxMoves: undefined,
  cooldown: 0,
  background: false,
  sibling: 0.25,
  cost: defaultPrice,
} as const satisfies Required<BalanceOptions>

/** What {@link balance} remembers. */
export interface BalanceState extends PatienceState {
  /** With `pin: 'set'`: how tight the sets are; undefined: nothing was pinned yet. */
  readonly level: Level | undefined
}

/**
 * Moves as few vCPUs as bring the standard deviation of load over the pCPUs within tolerance, and none when
 * it is. The load of a pCPU is what its vCPUs want and, with `background`, what else runs there. Of the ways with the fewest moves
 * it takes the one with the least deviation. On small hosts it finds them by branch and bound, on large ones by steepest
 * descent with moves and swaps; the explanation in the Tick has the moves that were weighed, and a bound
 * that no placement can fall below. Where tolerance is out of reach (five equal vCPUs on four pCPUs) it comes
 * close to the best possible placement, and then nothing is done: what the bound excludes is not tried.
 *
 * A move has to be worth it. It rests while no pCPU is asked for a fifth of its time; when all it could do is lower
 * the deviation by less than a tenth or, without coming within tolerance, by less than a tenth for each move up to a quarter;
 * when the gain does not pay the moves, which cost the more the farther they go; and until several Views in a row have
 * called for moves: two when they lower the deviation by more than twice what noise makes of a balanced host, four when by
 * less, one when by three times as much and no single guest is the reason, and
 * after each round of moves twice as many as before it, up to 64, but no more than 8 once demand has changed. While demand
 * is what it was at the last round, all thresholds are three times as high: noise does as much, and passes. Only in the
 * first 32 Views they are 1.3 times as high, once, since estimates may have been young at that round; the host then has
 * to be out of tolerance at both ends of what demands may be.
 *
 * Threads of a core share it: load is levelled over cores first. The vCPUs of a guest avoid each other's core, and stay
 * in the NUMA cell where their memory is until others are asked for a good deal less.
 *
 * A vCPU that may run on several pCPUs counts on the one that it ran on last. Together with the first moves each
 * of those is pinned where it is, since a balance that the kernel shifts at any moment is none; so they are, without a
 * move, as soon as the host is level again after the kernel had it out of tolerance. While it keeps the
 * host balanced they stay free.
 *
 * Load rebalancing: Aggarwal, Motwani, Zhu, "The load rebalancing problem" (2003).
 */
export function balance(options: BalanceOptions = {}): StatefulPolicy<PinAction, BalanceState> {
  const {
    tolerance = balanceDefaults.tolerance,
    pin = balanceDefaults.pin,
    maxMoves = Infinity,
    cooldown = balanceDefaults.cooldown,
    sibling = balanceDefaults.sibling,
    background = balanceDefaults.background,
  } = options
  assertPositiveFraction('tolerance', tolerance)
  assertPositiveFraction('sibling', sibling)
  if (pin !== 'cpu' && pin !== 'set') throw wrongOption('pin', "'cpu' or 'set'", pin)
  if (maxMoves !== Infinity && !(Number.isInteger(maxMoves) && maxMoves > 0)) {
    throw wrongOption('maxMoves', 'a whole number from 1', maxMoves)
  }
  if (!(typeof cooldown === 'number' && cooldown >= 0)) {
    throw wrongOption('cooldown', 'a number of milliseconds, 0 or more', cooldown)
  }
  if (typeof background !== 'boolean') throw wrongOption('background', 'true or false', background)
  const price = priceFrom(options.cost)
  const terms = { tolerance, mostMoves: maxMoves }

  const decideAt = (view: View, state: BalanceState, level: Level): Decision<PinAction, BalanceState> => {
    const rests =
      state.movedAt.size === 0
        ? undefined
        : (vcpu: View['vcpus'][number]) => hasToRest(state, vcpu, view.time, cooldown)
    const model = readModel(view, shapeOf(view, level, { sibling, background }), price, rests)
    const choice = chooseAgain(model, terms, state)
    const { better, explanation } = choice
    if (!better || !isTime(state, model, choice, pin === 'cpu')) {
      const { state: after, holds } = waiting(state, model, choice)
      const { deviation } = choice
      const plan = holds ? pinInPlace(model, deviation) : repinAllowed(model, deviation)
      return { plan, state: { ...state, ...after }, explanation }
    }
    const cut = better.moves >= maxMoves
    const after = moved(state, model, { choice, better, time: view.time, cooldown, cut })
    return { plan: pinsOf(model, better), state: { ...state, ...after }, explanation }
  }

  /** The widest sets, from those in use on, over which load is not balanced: the others would not help. */
  const decideSets = (view: View, state: BalanceState): Decision<PinAction, BalanceState> => {
    const levels = levelsOf(view)
    const widest = state.level === undefined ? 0 : Math.max(0, levels.indexOf(state.level))
    if (!isWanting(view)) {
      // One call too few: only vCPUs that are where they may not be are pinned again.
      const decision =
        levels[widest] && decideAt(view, { ...state, calls: -1, wandering: undefined }, levels[widest])
      return { ...decision, plan: decision?.plan ?? [], state: { ...state, calls: 0 } }
    }
    let decision: Decision<PinAction, BalanceState> = { plan: [], state }
    for (const level of levels.slice(widest)) {
      decision = decideAt(view, state, level)
      if (decision.plan.length > 0) return { ...decision, state: { ...decision.state, level } }
      if (decision.state.calls > 0) break
    }
    return decision
  }

  return {
    initialState: { ...initialPatience, level: undefined },
    decide: pin === 'cpu' ? (view, state) => decideAt(view, state, 'cpu') : decideSets,
  }
}
