import { assertPositiveFraction } from '../../policy/options.ts'
import { stepsOf } from '../plan/build.ts'
import type { FleetPlan, PlanProblem } from '../plan/step.ts'
import type { PlanReason } from '../reasons/plan.ts'
import { emptyHosts } from '../search/empty.ts'
import { evacuate } from '../search/evacuate.ts'
import { keepRules } from '../search/keep-rules.ts'
import { relieve } from '../search/relieve.ts'
import { Search } from '../search/search.ts'
import { mendShortages } from '../search/shortage.ts'
import type { FleetView } from '../view/fleet-view.ts'
import { survivable } from './conclude.ts'
import type { FleetPolicy } from './fleet-policy.ts'
import { hindrance } from './hindrance.ts'

export interface FleetPackOptions {
  /** Load up to which a host is filled. Above 0, up to 1. Default 0.8. */
  readonly fill?: number | undefined
  /** Part of the time that a vCPU may wait before guests leave its host. Above 0, up to 1. Default 0.1. */
  readonly delay?: number | undefined
}

/** What `pack` remembers. */
export interface FleetPackState {
  /** Rounds in a row that called for relief, and in which a host could be emptied. */
  readonly full: number
  readonly idle: number
  /** How many of the latter it takes. Grows with each time that it was too much. */
  readonly needed: number
}

/** Rounds in a row until a host is relieved, until one is emptied, and the most that the latter grows to. */
const patience = { relieve: 3, empty: 6, most: 96 } as const
/** What is aimed at, as a part of the delay that calls for relief. */
const aim = 0.6

/**
 * Empties hosts, for power or maintenance: their guests go to the most loaded ones that have room, each filled up to `fill`, and
 * are spread again where vCPUs wait longer than `delay`. Each time that it comes to that, it takes twice as many rounds until
 * the next host is emptied.
 */
export function pack(options: FleetPackOptions = {}): FleetPolicy {
  const { fill = 0.8, delay = 0.1 } = options
  assertPositiveFraction('fill', fill)
  assertPositiveFraction('delay', delay)
  const initialState: FleetPackState = { full: 0, idle: 0, needed: patience.empty }

  function decide(view: FleetView, given: unknown): { plan: FleetPlan; state: FleetPackState } {
    const hindered = hindrance(view)
    const before = given as FleetPackState
    if (hindered) return { plan: hindered, state: before }
    const search = new Search(view)
    const now = search.figures
    const problems: PlanProblem[] = [...evacuate(search), ...keepRules(search)]
    mendShortages(search)
    const suffers = (host: number) => (view.hosts[host]!.delay ?? 1) > delay / 2
    const waits = search.columns.delay.some((one, host) => one > delay && suffers(host))
    const full = waits ? before.full + 1 : 0
    if (full >= patience.relieve) relieve(search, aim * delay, suffers)
    const state = { ...before, full, idle: 0 }
    if (search.moves > 0) {
      const { delay: reached, deviation: spread } = search.figures
      const relieves = full >= patience.relieve
      return finish(
        search,
        problems,
        (steps) => ({ kind: 'fleet-moves', ...now, steps, reached, spread }),
        relieves ? { full: 0, idle: 0, needed: Math.min(2 * before.needed, patience.most) } : state,
      )
    }
    const nothing = (reason: PlanReason, next: FleetPackState) => {
      return { plan: { steps: [], reason, alternatives: [], problems }, state: next }
    }
    const emptied = waits ? 0 : emptyHosts(search, { fill, delay: aim * delay })
    if (emptied === 0) return nothing({ kind: 'fleet-rests', ...now }, state)
    const idle = before.idle + 1
    if (idle < before.needed) {
      return nothing({ kind: 'fleet-waits', ...now, rounds: idle, needed: before.needed }, { ...state, idle })
    }
    const hosts = view.hosts.length
    // It goes on in the next round, if the migrations of this plan take longer than one.
    const next = { ...state, idle: before.needed - 1 }
    return finish(search, problems, (steps) => ({ kind: 'fleet-packs', steps, emptied, hosts }), next)
  }

  function finish(
    { columns, decisions }: Search,
    problems: readonly PlanProblem[],
    reason: (steps: number) => PlanReason,
    state: FleetPackState,
  ): { plan: FleetPlan; state: FleetPackState } {
    const { steps, problems: unsolved } = stepsOf(columns, decisions)
    const plan = {
      steps,
      reason: reason(steps.length),
      alternatives: [],
      problems: [...problems, ...unsolved],
    }
    return { plan: survivable(columns.view, plan), state }
  }

  return { name: 'pack', decide, initialState }
}
