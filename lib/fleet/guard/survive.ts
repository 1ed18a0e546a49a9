import { canRunOn } from '../model/placement-rules.ts'
import type { FleetGuest, FleetHost, FleetView } from '../view/fleet-view.ts'

/**
 * Whether the guests of the host that holds most would find room on the others if it failed: the largest first, each where it
 * leaves the least room. Gives the first that does not; undefined: all do. `at`: row of the host that a guest is on then.
 */
export function survivesLargest(
  { hosts, guests }: Pick<FleetView, 'hosts' | 'guests'>,
  at: (guest: FleetGuest) => number,
): { readonly host: FleetHost; readonly guest: FleetGuest } | undefined {
  const held = Float64Array.from(hosts, ({ committed, arriving }) => committed + arriving)
  for (const guest of guests) {
    const there = at(guest)
    if (there === guest.host.row || there === guest.goingTo?.row) continue
    held[guest.host.row]! -= guest.report.memory.committed
    held[there]! += guest.memory
  }
  let largest = 0
  for (let row = 1; row < hosts.length; row++) if (held[row]! > held[largest]!) largest = row
  const free = Float64Array.from(hosts, ({ budget }, row) => budget - held[row]!)
  const lost = guests.filter((guest) => guest.report.running && at(guest) === largest)
  for (const guest of lost.sort((a, b) => b.memory - a.memory)) {
    let best = -1
    for (let row = 0; row < hosts.length; row++) {
      const host = hosts[row]!
      if (row === largest || host.hold !== undefined || free[row]! < guest.memory) continue
      if ((best < 0 || free[row]! < free[best]!) && canRunOn(guest, host)) best = row
    }
    if (best < 0) return { host: hosts[largest]!, guest }
    free[best]! -= guest.memory
  }
  return undefined
}
