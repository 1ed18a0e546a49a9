import { backoff } from '../../util/backoff.ts'
import type { StayReason } from '../reasons/stay.ts'
import type { PastMigration } from './fleet-input.ts'

const minute = 60_000
const hour = 60 * minute

/** How long ago what was done still counts. */
export const coolDownWindow = 24 * hour
/** 15 min × 2^(n-1) after the n-th move within the window, 6 h at most. */
export const coolDown = { first: 15 * minute, longest: 6 * hour } as const
/** After the n-th failure in a row. */
export const failurePause = { first: 5 * minute, longest: 6 * hour } as const

/** By guest: what its past migrations keep it from. A time that is to come, by a clock that was wrong, counts as now. */
export function pausesOf(
  past: readonly PastMigration[],
  wallTime: number,
): ReadonlyMap<string, readonly StayReason[]> {
  const byGuest = new Map<string, PastMigration[]>()
  for (const migration of past) {
    if (wallTime - migration.at >= coolDownWindow) continue
    const own = byGuest.get(migration.guest)
    if (own) own.push(migration)
    else byGuest.set(migration.guest, [migration])
  }
  const pauses = new Map<string, readonly StayReason[]>()
  for (const [guest, own] of byGuest) {
    const reasons = [...coolingDown(own, wallTime), ...failed(own, wallTime)]
    if (reasons.length > 0) pauses.set(guest, reasons)
  }
  return pauses
}

function coolingDown(own: readonly PastMigration[], wallTime: number): StayReason[] {
  const done = own.filter(({ outcome }) => outcome === 'done')
  const remaining = backoff(done.length, coolDown) - since(done, wallTime)
  return remaining > 0 ? [{ kind: 'cooling-down', moves: done.length, remaining }] : []
}

/** Failures since the last migration that came off. */
function failed(own: readonly PastMigration[], wallTime: number): StayReason[] {
  const lastDone = Math.max(
    Number.NEGATIVE_INFINITY,
    ...own.flatMap((one) => (one.outcome === 'done' ? [one.at] : [])),
  )
  const failures = own.filter(({ outcome, at }) => outcome === 'failed' && at >= lastDone)
  const remaining = backoff(failures.length, failurePause) - since(failures, wallTime)
  return remaining > 0 ? [{ kind: 'migration-failed', times: failures.length, remaining }] : []
}

/** Milliseconds since the last of them. */
function since(migrations: readonly PastMigration[], wallTime: number): number {
  return Math.max(0, wallTime - Math.max(...migrations.map(({ at }) => at)))
}
