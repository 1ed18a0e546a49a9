import type { AgedReport, OpenOrder } from '../bus/fleet-bus.ts'
import { isOver } from '../bus/order.ts'
import type { PastMigration } from './fleet-input.ts'
import type { FleetMigration } from './fleet-view.ts'

/**
 * Milliseconds that a migration which is over is still counted on its target, while the target's report does not have
 * the guest.
 */
const settling = 60_000

/** All migrations that are under way or were just done, by guest: as hosts report them, and as orders say that are not over. */
export function migrationsOf(
  reports: readonly AgedReport[],
  open: readonly OpenOrder[],
  past: readonly PastMigration[],
  wallTime: number,
): ReadonlyMap<string, FleetMigration> {
  const found = new Map<string, FleetMigration>()
  // Of a guest only the last: what was moved there and back is not on its way there any more.
  const last = new Map(past.filter(({ outcome }) => outcome === 'done').map((move) => [move.guest, move]))
  for (const { guest, from, to, at } of last.values()) {
    // By the clock of who led then, which may be ahead of ours.
    if (Math.abs(wallTime - at) >= settling) continue
    const has = (host: string) =>
      reports.some(({ report }) => report.host === host && hasGuest(report, guest))
    if (has(from) && !has(to))
      found.set(guest, { guest, name: guest, from, to, order: undefined, isForeign: false })
  }
  for (const { report } of reports) {
    for (const { guest, name, direction, peer, order } of report.migrations) {
      const before = found.get(guest)
      const [from, to] = direction === 'out' ? [report.host, peer] : [peer, report.host]
      found.set(guest, {
        guest,
        name,
        from: from ?? before?.from,
        to: to ?? before?.to,
        order: order ?? before?.order,
        isForeign: order === undefined && (before === undefined || before.isForeign),
      })
    }
  }
  for (const { order, events } of open) {
    const { request, host } = order
    if (order.kind !== 'migrate' || !request || events.some(isOver)) continue
    const before = found.get(request.guest)
    found.set(request.guest, {
      guest: request.guest,
      name: before?.name ?? request.guest,
      from: host,
      to: request.target.host,
      order: order.id,
      isForeign: false,
    })
  }
  return found
}

function hasGuest({ guests }: AgedReport['report'], uuid: string): boolean {
  return guests.some((guest) => guest.uuid === uuid)
}
