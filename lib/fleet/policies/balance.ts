import { wrongOption } from '../../host/errors.ts'
import { assertMilliseconds, assertPositiveFraction } from '../../policy/options.ts'
import { stepsOf } from '../plan/build.ts'
import type { FleetPlan, PlanProblem } from '../plan/step.ts'
import type { PlanReason } from '../reasons/plan.ts'
import { alternativesTo } from '../search/alternatives.ts'
import { bestRelief, type WeighedPlan } from '../search/best-relief.ts'
import { evacuate } from '../search/evacuate.ts'
import { keepRules } from '../search/keep-rules.ts'
import { level } from '../search/level.ts'
import { Search } from '../search/search.ts'
import { mendShortages } from '../search/shortage.ts'
import type { FleetView } from '../view/fleet-view.ts'
import { survivable } from './conclude.ts'
import type { FleetPolicy } from './fleet-policy.ts'
import { hindrance } from './hindrance.ts'

export interface FleetBalanceOptions {
  /** Part of the time that a vCPU has to wait before guests are moved for it. Above 0, up to 1. Default 0.05. */
  readonly delay?: number | undefined
  /** Standard deviation of the hosts' loads from which they are evened out. Above 0, up to 1. Default 0.2. */
  readonly deviation?: number | undefined
  /** Load that one host must have for that. Above 0, up to 1. Default 0.6. */
  readonly busy?: number | undefined
  /** Rounds in a row that have to call for it. Default 3. */
  readonly rounds?: number | undefined
  /** Milliseconds for which a move has to pay: what its guests lose by it is less than what others wait less. Default 10 min. */
  readonly horizon?: number | undefined
}

/** What `balance` remembers. */
export interface FleetBalanceState {
  /** Rounds in a row that called for moves. */
  readonly rounds: number
  /** Whether vCPUs are being relieved, or loads evened out: it goes on below the thresholds, as far as it was meant to. */
  readonly relieves: boolean
  readonly levels: boolean
}

/** A plan must take this off the longest delay of some host before it is begun. */
const leastDrop = 0.02
/** What is aimed at, as a part of what moves are made for: of the delay, and of the deviation. */
const aims = { delay: 0.6, deviation: 0.75 } as const

/**
 * The worst-served guests first: hosts that are to be empty are emptied; guests leave hosts whose guests need more memory than
 * there is; then those whose vCPUs wait, and no placement on that host would help; then loads are evened out. With as few and as
 * cheap moves as do it, and none that does not pay.
 */
export function balance(options: FleetBalanceOptions = {}): FleetPolicy {
  const { delay = 0.05, deviation = 0.2, busy = 0.6, rounds = 3, horizon = 600_000 } = options
  assertPositiveFraction('delay', delay)
  assertPositiveFraction('deviation', deviation)
  assertPositiveFraction('busy', busy)
  assertMilliseconds('horizon', horizon)
  if (!Number.isInteger(rounds) || rounds < 1) throw wrongOption('rounds', 'a whole number from 1', rounds)
  const initialState: FleetBalanceState = { rounds: 0, relieves: false, levels: false }

  function decide(view: FleetView, given: unknown): { plan: FleetPlan; state: FleetBalanceState } {
    const hindered = hindrance(view)
    if (hindered) return { plan: hindered, state: initialState }
    const before = given as FleetBalanceState
    const search = new Search(view)
    const { columns } = search
    const now = search.figures
    const delays = columns.delay.slice()
    const isBusy = (least: number) => view.hosts.some(({ row }) => columns.load(row) > least)
    const suffers = (host: number) => (view.hosts[host]!.delay ?? 1) > delay / 2
    const problems: PlanProblem[] = [...evacuate(search), ...keepRules(search)]
    mendShortages(search)
    const urgent = search.moves
    const waits = columns.delay.some((one, host) => one > delay && suffers(host))
    const isUneven = now.deviation > deviation && isBusy(busy)
    const called = waits || isUneven ? before.rounds + 1 : 0
    const begins = called >= rounds || urgent > 0
    const relieves = before.relieves || (waits && begins)
    const levels = (before.levels && isBusy(aims.deviation * busy)) || (isUneven && begins)
    let weighed: readonly WeighedPlan[] = []
    if (relieves) {
      const until = columns.delay.slice()
      weighed = bestRelief(search, aims.delay * delay, suffers)
      // Guests that leave their hosts for good are no reason to move others for next to nothing.
      if (!before.relieves && search.largestDrop(until) < leastDrop) undoRelief(search)
    }
    const relieving = search.moves > urgent
    const alternatives = alternativesTo(search, weighed)
    if (levels) level(search, aims.deviation * deviation)
    const levelling = search.moves > urgent && levels
    const nothing = (reason: PlanReason, state: FleetBalanceState) => {
      return { plan: { steps: [], reason, alternatives: [], problems }, state }
    }
    if (search.moves === 0) {
      const state = { rounds: called, relieves: false, levels: false }
      if (called === 0) return nothing({ kind: 'fleet-rests', ...now }, state)
      if (begins) return nothing({ kind: 'fleet-helpless', ...now }, state)
      return nothing({ kind: 'fleet-waits', ...now, rounds: called, needed: rounds }, state)
    }
    const lost = search.lost
    const gained = search.relief(delays) * horizon
    if (urgent === 0 && !levelling && !before.relieves && gained <= lost) {
      const figures = { ...now, steps: search.moves, lost, gained }
      return nothing({ kind: 'fleet-unpaid', ...figures }, { ...initialState, rounds: called })
    }
    const reached = search.figures
    const { steps, problems: unsolved } = stepsOf(columns, search.decisions)
    const reason: PlanReason = {
      kind: 'fleet-moves',
      ...now,
      steps: steps.length,
      reached: reached.delay,
      spread: reached.deviation,
    }
    const plan = { steps, reason, alternatives, problems: [...problems, ...unsolved] }
    return {
      plan: survivable(view, plan),
      state: { rounds: called, relieves: relieving, levels: levelling },
    }
  }

  return { name: 'balance', decide, initialState }
}

function undoRelief(search: Search): void {
  const relieving = [...search.decisions].filter(([, { kind }]) => kind === 'relieve-delay')
  for (const [unit] of relieving) search.undo(unit)
}
