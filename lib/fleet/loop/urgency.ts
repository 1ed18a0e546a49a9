import type { FleetSettings } from '../bus/fleet-bus.ts'
import type { FleetReason } from '../reasons/fleet-reasons.ts'
import { type FleetView, mayLeave } from '../view/fleet-view.ts'
import { hasMemoryShortage } from '../view/shortage.ts'

/**
 * What does not wait until a plan that is carried out is over, by a key each: hosts that are to be empty, hosts whose guests need
 * more memory than there is, and moves that somebody asked for.
 */
export function urgencies(
  { hosts, guests }: FleetView,
  { moves = {} }: FleetSettings,
): ReadonlyMap<string, FleetReason> {
  const found = new Map<string, FleetReason>()
  for (const host of hosts) {
    const { uuid, name } = host
    if (host.hold === 'maintenance' && host.guests.some(({ goingTo }) => !goingTo)) {
      found.set(`drain ${uuid}`, { kind: 'drain-comes-first', host: name })
    }
    if (mayLeave(host) && hasMemoryShortage(host)) {
      found.set(`memory ${uuid}`, { kind: 'memory-comes-first', host: name })
    }
  }
  for (const [guest, { to }] of Object.entries(moves)) {
    const name = guests.find(({ uuid }) => uuid === guest)?.name ?? guest
    found.set(`move ${guest} ${to}`, { kind: 'move-comes-first', guest: name })
  }
  return found
}
