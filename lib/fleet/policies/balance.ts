import { wrongOption } from '../../host/errors.ts'
import { assertMilliseconds, assertPositiveFraction } from '../../policy/options.ts'
import { stepsOf } from '../plan/build.ts'
import type { FleetPlan, PlanProblem } from '../plan/step.ts'
import { evacuate } from '../search/evacuate.ts'
import { level } from '../search/level.ts'
import { relieve } from '../search/relieve.ts'
import { Search } from '../search/search.ts'
import { mendShortages } from '../search/shortage.ts'
import type { FleetView } from '../view/fleet-view.ts'
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
  /** Whether a plan is being carried out: it goes on below the thresholds, as far as it was meant to. */
  readonly isActive: boolean
}

/** What is aimed at, as a part of what moves are made for. */
const aim = 0.4

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
  const initialState: FleetBalanceState = { rounds: 0, isActive: false }

  function decide(view: FleetView, given: unknown): { plan: FleetPlan; state: FleetBalanceState } {
    const before = given as FleetBalanceState
    const hindered = hindrance(view)
    if (hindered) return { plan: hindered, state: initialState }
    const search = new Search(view)
    const { columns } = search
    const now = search.figures
    const waitingNow = search.waiting
    const problems: PlanProblem[] = evacuate(search)
    mendShortages(search)
    const urgent = search.moves
    const suffers = (host: number) => (view.hosts[host]!.delay ?? 1) > delay / 2
    const isWaiting = columns.delay.some((one, host) => one > delay && suffers(host))
    const isUneven = now.deviation > deviation && view.hosts.some(({ row }) => columns.load(row) > busy)
    const calls = isWaiting || isUneven
    const called = calls ? before.rounds + 1 : 0
    if ((calls && called >= rounds) || before.isActive || urgent > 0) {
      relieve(search, aim * delay, suffers)
      if (isUneven || before.isActive) level(search, aim * deviation)
    }
    const reached = search.figures
    const lost = search.lost
    const gained = (waitingNow - search.waiting) * horizon
    const isFirst = !before.isActive
    const state = { rounds: called, isActive: search.moves > 0 }
    if (search.moves === 0) {
      const kind = calls && called >= rounds ? 'fleet-helpless' : 'fleet-rests'
      const reason =
        calls && called < rounds
          ? ({ kind: 'fleet-waits', ...now, rounds: called, needed: rounds } as const)
          : ({ kind, ...now } as const)
      return { plan: { steps: [], reason, alternatives: [], problems }, state }
    }
    if (urgent === 0 && isFirst && isWaiting && !isUneven && gained <= lost) {
      const reason = { kind: 'fleet-unpaid', ...now, steps: search.moves, lost, gained } as const
      return { plan: { steps: [], reason, alternatives: [], problems }, state: { ...state, isActive: false } }
    }
    const built = stepsOf(columns, search.decisions)
    const plan: FleetPlan = {
      steps: built.steps,
      reason: {
        kind: 'fleet-moves',
        ...now,
        steps: built.steps.length,
        reached: reached.delay,
        spread: reached.deviation,
      },
      alternatives: [],
      problems: [...problems, ...built.problems],
    }
    return { plan, state }
  }

  return { name: 'balance', decide, initialState }
}
