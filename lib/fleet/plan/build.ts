import { migrationCost, sendingOf } from '../cost/migration-cost.ts'
import type { Columns } from '../model/columns.ts'
import type { FleetReason } from '../reasons/fleet-reasons.ts'
import type { StepReason } from '../reasons/step.ts'
import type { FleetGuest, FleetHost } from '../view/fleet-view.ts'
import { type Move, type OrderedMove, ordered } from './order.ts'
import type { HostFigures, PlanProblem, Step } from './step.ts'

/** What a search decided: by unit that is elsewhere now, in the order of urgency, why. */
export type Decisions = ReadonlyMap<number, StepReason>

export interface BuiltSteps {
  readonly steps: readonly Step[]
  readonly problems: readonly PlanProblem[]
}

/** Steps that bring the units of these columns to where they were put, each fitting at its moment. */
export function stepsOf(columns: Columns, decisions: Decisions): BuiltSteps {
  const { view, units, at } = columns
  const unitOf = new Map<number, number>()
  const moves: Move[] = []
  for (const unit of decisions.keys()) {
    const { guests, home } = units[unit]!
    if (at[unit] === home) continue
    for (const guest of guests) {
      unitOf.set(guest.row, unit)
      const leaves = guest.report.memory.committed
      moves.push({ guest: guest.row, from: home, to: at[unit]!, memory: guest.memory, leaves })
    }
  }
  const { moves: order, blocked } = ordered(moves, {
    free: Float64Array.from(view.hosts, ({ budget, committed, arriving }) => budget - committed - arriving),
    mayBeOn: (guest, host) => {
      return (
        units[unitOf.get(guest)!]!.guests.length === 1 &&
        columns.isAllowed(unitOf.get(guest)!, host, true, true)
      )
    },
    conflicts: (guest) => columns.conflictsOf(guest),
    hostOf: (guest) => (view.guests[guest]!.goingTo ?? view.guests[guest]!.host).row,
  })
  const problems = blocked.map(({ guest, to }): PlanProblem => {
    const { uuid, name } = view.guests[guest]!
    return { guest: uuid, guestName: name, reason: { kind: 'no-detour', to: view.hosts[to]!.name } }
  })
  const brought = new Set(order.map(({ guest }) => unitOf.get(guest)!))
  const broken = [...brought].flatMap((unit) => columns.softRulesBrokenBy(unit))
  return { steps: replayed(columns, order, unitOf, decisions), problems: [...problems, ...broken] }
}

/** The steps with what each is predicted to lead to when those before it are done. Leaves the columns as the steps do. */
function replayed(
  columns: Columns,
  order: readonly OrderedMove[],
  unitOf: ReadonlyMap<number, number>,
  decisions: Decisions,
): Step[] {
  const { view, units } = columns
  for (const [unit, { home }] of units.entries()) columns.put(unit, home)
  return order.map((move): Step => {
    const guest = view.guests[move.guest]!
    const [from, to] = [view.hosts[move.from]!, view.hosts[move.to]!]
    const unit = unitOf.get(move.guest)!
    columns.put(unit, move.to)
    return {
      guest: guest.uuid,
      from: from.uuid,
      to: to.uuid,
      guestName: guest.name,
      fromName: from.name,
      toName: to.name,
      after: move.after,
      cost: migrationCost(sendingOf(guest, from, to)),
      predicted: { from: figuresOf(columns, from), to: figuresOf(columns, to) },
      reason: reasonOf(move, guest, from, decisions.get(unit)!),
    }
  })
}

function reasonOf({ part }: OrderedMove, guest: FleetGuest, from: FleetHost, why: StepReason): FleetReason {
  if (part === 'detour') return { kind: 'make-room', guest: guest.name }
  if (part === 'rest') return { kind: 'go-on', host: from.name }
  return why
}

function figuresOf(columns: Columns, { row }: FleetHost): HostFigures {
  return { delay: columns.delay[row]!, load: columns.load(row), committed: columns.committed[row]! }
}
