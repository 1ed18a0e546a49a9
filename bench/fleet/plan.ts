import { guardPlan } from '../../lib/fleet/guard/guard.ts'
import { Columns } from '../../lib/fleet/model/columns.ts'
import type { FleetPlan } from '../../lib/fleet/plan/step.ts'
import { balance } from '../../lib/fleet/policies/balance.ts'
import type { FleetView } from '../../lib/fleet/view/fleet-view.ts'
import { type FewestMoves, fewestMoves } from '../../test/support/fleet/fewest-moves.ts'
import { type Spread, spreadOf } from '../spread.ts'
import { threadTime } from '../thread-time.ts'
import { type FleetSize, fleetOf } from './fleets.ts'

/** The most milliseconds that a plan may take, by size of fleet. */
export const fleetPlanLimits: readonly (FleetSize & { readonly limit: number })[] = [
  { hosts: 10, guests: 300, limit: 5 },
  { hosts: 100, guests: 3_000, limit: 50 },
  { hosts: 1_000, guests: 30_000, limit: 1_000 },
]
/** Seconds that HiGHS has for each fleet. */
export const solverSeconds = 30

export interface FleetPlanSizeFigures extends FleetSize {
  readonly limit: number
  readonly passed: boolean
  /** Milliseconds of the JS thread: of a decision, and of the guard's look at its plan. */
  readonly ms: Spread
  readonly guardMs: Spread
  /** Medians over the fleets. */
  readonly moves: number
  readonly worstLoad: { readonly before: number; readonly after: number }
  readonly worstDelay: { readonly before: number; readonly after: number }
  /** Of the first fleet: the fewest moves to the worst load that the policy reached, and those of the policy. */
  readonly solver: FewestMoves & { readonly own: number }
}

export interface FleetPlanFigures {
  readonly turns: number
  readonly solverSeconds: number
  readonly passed: boolean
  readonly sizes: readonly FleetPlanSizeFigures[]
}

/** Times decisions of `balance` on made-up fleets, each turn on one of its own, beside HiGHS on the same model. */
export async function measureFleetPlans(
  turns: number,
  log: (line: string) => void,
): Promise<FleetPlanFigures> {
  const sizes: FleetPlanSizeFigures[] = []
  for (const size of fleetPlanLimits) sizes.push(await measure(size, turns, log))
  return { turns, solverSeconds, passed: sizes.every(({ passed }) => passed), sizes }
}

interface Turn {
  readonly view: FleetView
  readonly plan: FleetPlan
  readonly ms: number
  readonly guardMs: number
  readonly before: Figures
  readonly after: Figures
}

async function measure(
  { hosts, guests, limit }: (typeof fleetPlanLimits)[number],
  count: number,
  log: (line: string) => void,
): Promise<FleetPlanSizeFigures> {
  log(`${hosts} hosts with ${guests} guests`)
  // For the compilers to get warm on.
  const warmUps = Math.max(2, Math.round(6_000 / guests))
  const turns: Turn[] = []
  for (let turn = -warmUps; turn < count; turn++) {
    const view = fleetOf({ hosts, guests }, turn + 1_000)
    const policy = balance({ rounds: 1 })
    const began = threadTime()
    const { plan } = policy.decide(view, policy.initialState)
    const decided = threadTime()
    const { denied } = guardPlan(view, plan)
    const guarded = threadTime()
    if (denied.length > 0) throw new Error(`The guard denies ${denied.length} steps`)
    if (turn < 0) continue
    const [before, after] = [figuresOf(view, []), figuresOf(view, plan.steps)]
    turns.push({ view, plan, ms: decided - began, guardMs: guarded - decided, before, after })
  }
  const [first] = turns
  log(`HiGHS has ${solverSeconds} s for it`)
  const solved = await fewestMoves(new Columns(first!.view), first!.after.load, solverSeconds)
  const middle = (of: (turn: Turn) => number) => spreadOf(turns.map(of)).median
  const ms = spreadOf(turns.map((turn) => turn.ms))
  return {
    hosts,
    guests,
    limit,
    passed: ms.median <= limit,
    ms,
    guardMs: spreadOf(turns.map((turn) => turn.guardMs)),
    moves: middle(({ plan }) => plan.steps.length),
    worstLoad: { before: middle(({ before }) => before.load), after: middle(({ after }) => after.load) },
    worstDelay: { before: middle(({ before }) => before.delay), after: middle(({ after }) => after.delay) },
    solver: { ...solved, own: first!.plan.steps.length },
  }
}

interface Figures {
  readonly load: number
  readonly delay: number
}

/** Of the host with most to do, and of the worst-served vCPU, once these steps are done. */
function figuresOf(view: FleetView, steps: FleetPlan['steps']): Figures {
  const columns = new Columns(view)
  const rows = new Map(view.hosts.map(({ uuid, row }) => [uuid, row]))
  const units = new Map(columns.units.map(({ guests }, unit) => [guests[0]!.uuid, unit]))
  for (const { guest, to } of steps) columns.put(units.get(guest)!, rows.get(to)!)
  return {
    load: Math.max(...view.hosts.map(({ row }) => columns.load(row))),
    delay: Math.max(...columns.delay),
  }
}
