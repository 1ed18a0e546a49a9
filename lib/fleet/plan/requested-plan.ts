import { Columns } from '../model/columns.ts'
import type { FleetReason } from '../reasons/fleet-reasons.ts'
import type { FleetView } from '../view/fleet-view.ts'
import { stepsOf } from './build.ts'
import type { FleetPlan } from './step.ts'

/**
 * The plan that brings one guest (UUID) to one host (UUID), because somebody asked for it, with its cost and prediction; what
 * a hard rule keeps beside it comes with it. Without steps where that cannot be: its reason says why.
 */
export function requestedPlan(view: FleetView, guest: string, to: string, by: string): FleetPlan {
  const columns = new Columns(view)
  const unit = columns.units.findIndex(({ guests }) => guests.some(({ uuid }) => uuid === guest))
  const host = view.hosts.findIndex(({ uuid }) => uuid === to)
  if (unit === -1) return nothing({ kind: 'unknown-guest' })
  if (host === -1) return nothing({ kind: 'unknown-host', host: to })
  if (columns.at[unit] === host) return nothing({ kind: 'same-host' })
  const memory = columns.units[unit]!.guests.reduce((sum, one) => sum + one.memory, 0)
  const { budget, committed, arriving } = view.hosts[host]!
  const room = budget - committed - arriving
  // Nobody leaves for it, so there is no order of steps in which it would fit.
  if (memory > room) return nothing({ kind: 'no-room', memory, room })
  columns.put(unit, host)
  const { steps, problems } = stepsOf(columns, new Map([[unit, { kind: 'leave-host', host: '' }]]))
  const reason: FleetReason = { kind: 'asked-for', by }
  return { steps: steps.map((step) => ({ ...step, reason })), reason, alternatives: [], problems }
}

function nothing(reason: FleetReason): FleetPlan {
  return { steps: [], reason, alternatives: [] }
}
