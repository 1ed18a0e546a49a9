import { counted, formatPercent } from '../../util/format.ts'
import { fleetSentenceOf } from '../reasons/fleet-reasons.ts'
import type { FleetTick } from './fleet-tick.ts'

/** A FleetTick in one line, for people. */
export function fleetSummary(tick: Omit<FleetTick, 'summary'>): string {
  const { index, mode, view, plan, ordered, denied, outcomes, foreign, errors } = tick
  const { hosts, guests } = view
  const waits = hosts.flatMap(({ delay }) => delay ?? [])
  const parts = [
    `${counted(hosts.length, 'host')}, ${counted(guests.length, 'guest')}`,
    ...(waits.length > 0 ? [`longest delay ${formatPercent(Math.max(...waits))}`] : []),
    ...ordered.map(({ step }) => `${step.guestName}: ${step.fromName} -> ${step.toName}`),
    ...outcomes.map(({ guest, outcome }) => `${nameOf(tick, guest)} ${outcome}`),
    ...(denied.length > 0 ? [`${counted(denied.length, 'step')} denied`] : []),
    ...(foreign.length > 0 ? [`${counted(foreign.length, 'migration')} of another program`] : []),
    ...(errors.length > 0 ? [counted(errors.length, 'error')] : []),
  ]
  const isQuiet = ordered.length === 0 && outcomes.length === 0
  if (isQuiet && mode !== 'active' && mode !== 'dry run') parts.push(mode)
  else if (isQuiet) {
    const isGoingOn = !tick.decided && plan.steps.length > 0
    parts.push(fleetSentenceOf(isGoingOn ? { kind: 'following' } : plan.reason))
  }
  return `fleet tick ${index}${mode === 'dry run' ? ' (dry run)' : ''}: ${parts.join(', ')}`
}

function nameOf({ view }: Pick<FleetTick, 'view'>, uuid: string): string {
  return view.guests.find((guest) => guest.uuid === uuid)?.name ?? uuid
}
