import type { Host } from '../../host/host.ts'
import type { Journal, JournalEntry } from '../journal/journal.ts'
import { Looks } from './observe.ts'
import { type Standing, standingOf } from './setting-status.ts'
import { isUnseen, unseenStandings } from './unobserved.ts'

/**
 * How all that `journal` has stands on `host`, which may be read-only; each question is waited for `patience` milliseconds.
 * Samples the host: not for one that a loop samples too. Rejects as `restore` does.
 */
export async function standings(
  host: Host,
  journal: Journal,
  patience: number,
): Promise<ReadonlyMap<JournalEntry, Standing>> {
  const entries = await journal.entries()
  using looks = new Looks(host, entries, patience)
  const view = await looks.look()
  const seen = new Map(entries.map((entry) => [entry, standingOf(entry, view)]))
  const concerned = entries.filter(isUnseen).filter((entry) => seen.get(entry) !== 'over')
  for (const [entry, stands] of await unseenStandings(host, concerned, { patience, bringBack: false })) {
    if (typeof stands === 'string') seen.set(entry, stands)
  }
  return seen
}
