import type { FleetHost } from '../view/fleet-view.ts'

/** New reports of both hosts of a step that are not looked at, since its migration is still in them, and those that are. */
export const reportsAfter = { skipped: 1, looked: 2 } as const

/** Milliseconds after a migration for which its hosts make no other, since it is looked at what came of it. */
export function followingTime({ report }: FleetHost): number {
  return (reportsAfter.skipped + reportsAfter.looked) * report.interval
}
