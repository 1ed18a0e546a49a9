import type { VcpuView } from '../../view/view.ts'
import { type Better, type Choice, choose, type Terms } from './choice.ts'
import { remember, shouldHold, type Wandering } from './kernel-drift.ts'
import { type Change, changeSince, type Settled, settledAs } from './last-round.ts'
import type { Model } from './model.ts'
import { keyOf } from './pins.ts'
import { deviationWithoutAnyGuest } from './robust.ts'
import type { Roster } from './roster.ts'

/** Multiples of what noise makes of a balanced host, above which a gain is beyond doubt at first sight, and clear. */
const clear = { atOnce: 3, twice: 2 }
/** What is tolerated of the deviation that moves at first sight may leave, since their demands are of one sample. */
const firstReach = 0.9
/** Views after which one more sample hardly moves an estimate. */
const youngViews = 5
/**
 * Views in a row that must call for moves: when the gain is clear, and when it is not; where it is not and no placement
 * comes within tolerance, since there noise alone makes one look better than another, and estimates average over so much time
 * that eight Views are hardly two looks; at most, where demand is another
 * than at the last round, and at all.
 */
const patience = { clear: 2, marginal: 4, unbalanceable: 16, changed: 8, most: 64 }
/**
 * How many times clearer a gain has to be while nothing has changed since the last round: in the `views` Views after it,
 * when young estimates have settled, and otherwise.
 */
const doubt = { settling: 1.3, views: 32, settled: 3 }

/** vCPUs whose demand is known, and for how many Views before the last one all of them had been. */
interface Known {
  readonly roster: Roster
  readonly views: number
}

/** What is remembered from View to View of whether to move. */
export interface PatienceState {
  /** Views in a row, up to the last one, that called for moves. */
  readonly calls: number
  /** How many must, where the gain is not clear. Grows with each round of moves. */
  readonly needed: number
  /** How the last round of moves left the host; undefined: there was none. */
  readonly settled: Settled | undefined
  /** Rounds of moves since something changed. */
  readonly rounds: number
  /** Views since the last of them. */
  readonly views: number
  /** Whose demand was known in the last View; undefined: there was none. */
  readonly known: Known | undefined
  /** What the kernel did with free vCPUs in the last Views. */
  readonly wandering: Wandering | undefined
  /** Milliseconds on the host's clock of the last move, by vCPU; kept while it has to rest. */
  readonly movedAt: ReadonlyMap<string, number>
}

export const initialPatience: PatienceState = {
  calls: 0,
  needed: patience.marginal,
  settled: undefined,
  rounds: 0,
  views: 0,
  known: undefined,
  wandering: undefined,
  movedAt: new Map(),
}

/** What is best now. */
interface Verdict extends Choice {
  /** What changed since the last round of moves; undefined: there was none, or nothing calls for another. */
  readonly change: Change | undefined
}

/**
 * What is best now. Where nothing has changed since the last round of moves, its gain was judged by noisy estimates. It is
 * judged once more by settled estimates, and then has to be out of tolerance at both ends of what demands may be; after that
 * another placement has to be clearly better, or noise would move vCPUs back and forth between placements that are equally
 * good.
 */
export function chooseAgain(
  model: Model,
  terms: Pick<Terms, 'tolerance' | 'mostMoves'>,
  state: PatienceState,
): Verdict {
  const choice = choose(model, { ...terms, doubt: 1, isSure: false })
  if (!choice.better || !state.settled) return { ...choice, change: undefined }
  const change = changeSince(model, state.settled)
  if (change !== 'none') return { ...choice, change }
  const isSettling = state.rounds <= 1 && state.views < doubt.views
  const again = isSettling ? doubt.settling : doubt.settled
  return { ...choose(model, { ...terms, doubt: again, isSure: true }), change }
}

/**
 * Whether enough Views in a row have called for it, this one included; with `mayBeAtOnce` one is enough where there is no
 * doubt. Guests that came or went are no noise: then it does not matter how often others were moved before, and little where
 * demand has changed.
 */
export function isTime(state: PatienceState, model: Model, verdict: Verdict, mayBeAtOnce: boolean): boolean {
  if (!verdict.better) return false
  if (state.calls + 1 >= neededFor(state, verdict)) return true
  return mayBeAtOnce && verdict.change !== 'none' && isBeyondDoubt(state, model, verdict)
}

function neededFor({ needed }: PatienceState, verdict: Verdict): number {
  if (verdict.change === 'none') return needed
  if (isClear(verdict)) return patience.clear
  const { lowerBound, tolerated } = verdict.explanation
  if (lowerBound > tolerated) return Math.max(needed, patience.unbalanceable)
  if (verdict.change === 'vcpus') return patience.marginal
  return verdict.change === 'demand' ? Math.min(needed, patience.changed) : needed
}

function isClear({ better, deviation, noise }: Choice): boolean {
  return better !== undefined && deviation - better.deviation > clear.twice * noise
}

/**
 * Whether one View is enough. It is not where the kernel, which was seen to move free vCPUs, may put it right by itself.
 * A demand that has been known for a while changes at the second sample only. A young one may be of a guest that is just now
 * busier than as a rule: then it has to be clear without any one guest, and what is reached not on the edge.
 */
function isBeyondDoubt(
  { known, wandering }: PatienceState,
  model: Model,
  { better, deviation, noise, explanation: { lowerBound, tolerated, reason } }: Choice,
): boolean {
  if (!better || deviation - better.deviation <= clear.atOnce * noise) return false
  if (wandering && model.free.includes(1)) return false
  if (knownFor(known, model) >= youngViews) return true
  const reached = Math.sqrt(Math.max(0, better.deviation ** 2 - lowerBound ** 2))
  if (reason.kind === 'balance-fewest' && reached > firstReach * tolerated) return false
  return deviationWithoutAnyGuest(model) - better.deviation > clear.twice * noise
}

function knownFor(before: Known | undefined, { roster }: Model): number {
  return before?.roster.includes(roster) ? before.views + 1 : 0
}

/**
 * The state after a View in which nothing was moved; with `holds`, free vCPUs are to be pinned where they are, as
 * {@link shouldHold} says.
 */
export function waiting(
  state: PatienceState,
  model: Model,
  choice: Choice,
): { readonly state: PatienceState; readonly holds: boolean } {
  const known = { roster: model.roster, views: knownFor(state.known, model) }
  const isSomeFree = model.free.includes(1)
  const wandering = isSomeFree ? remember(model, choice, state.wandering) : undefined
  const spoilt = wandering !== undefined && shouldHold(model, choice, wandering)
  if (spoilt || (isSomeFree && isNewcomer(state, model, choice))) {
    const settled = settledAs(model, model.start)
    return {
      state: { ...state, calls: 0, settled, rounds: 1, views: 0, known, wandering: undefined },
      holds: true,
    }
  }
  const calls = choice.better ? state.calls + 1 : 0
  return { state: { ...state, calls, views: state.views + 1, known, wandering }, holds: false }
}

/**
 * Whether the free vCPUs that there are appeared on a settled host, and are fine where they are: among pinned vCPUs the
 * kernel can only make that worse.
 */
function isNewcomer({ settled }: PatienceState, model: Model, { better, isIdle }: Choice): boolean {
  return !better && !isIdle && settled !== undefined && changeSince(model, settled) === 'vcpus'
}

/** The state after a round of moves. One that a budget cut short goes on in the next View. */
export function moved(
  state: PatienceState,
  model: Model,
  {
    choice,
    better,
    time,
    cooldown,
    cut,
  }: {
    readonly choice: Verdict
    readonly better: Better
    readonly time: number
    readonly cooldown: number
    readonly cut: boolean
  },
): PatienceState {
  const movedAt = new Map([...state.movedAt].filter(([, at]) => time - at < cooldown))
  if (cooldown > 0) {
    for (const [item, vcpu] of model.vcpus.entries()) {
      if (better.where[item] !== model.start[item]) movedAt.set(keyOf(vcpu), time)
    }
  }
  const known = { roster: model.roster, views: knownFor(state.known, model) }
  if (cut) return { ...state, calls: state.calls + 1, known, movedAt }
  const before = isClear(choice) ? patience.marginal : state.needed
  const settled = settledAs(model, better.where)
  const needed = Math.min(2 * before, patience.most)
  const rounds = choice.change === 'none' ? state.rounds + 1 : 1
  return { calls: 0, needed, settled, rounds, views: 0, known, wandering: undefined, movedAt }
}

/** Whether a vCPU was moved so lately that it has to rest. */
export function hasToRest(state: PatienceState, vcpu: VcpuView, time: number, cooldown: number): boolean {
  const at = state.movedAt.get(keyOf(vcpu))
  return at !== undefined && time - at < cooldown
}
