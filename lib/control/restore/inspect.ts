import type { Host } from '../../host/host.ts'
import type { Journal, JournalEntry } from '../journal/journal.ts'
import { RestoreObserver } from './observe.ts'
import { type SettingStatus, settingStatus } from './setting-status.ts'
import { isUnobserved, unobservedStatuses } from './unobserved.ts'

/**
 * How all that `journal` has stands on `host`, which may be read-only; each question is waited for `timeout` milliseconds.
 * Samples the host: not for one that a loop samples too. Rejects as `restore` does.
 */
export async function inspectSettings(
  host: Host,
  journal: Journal,
  timeout: number,
): Promise<ReadonlyMap<JournalEntry, SettingStatus>> {
  const entries = await journal.entries()
  using looks = new RestoreObserver(host, entries, timeout)
  const view = await looks.view()
  const seen = new Map(entries.map((entry) => [entry, settingStatus(entry, view)]))
  const concerned = entries.filter(isUnobserved).filter((entry) => seen.get(entry) !== 'over')
  for (const [entry, stands] of await unobservedStatuses(host, concerned, { timeout, bringBack: false })) {
    if (typeof stands === 'string') seen.set(entry, stands)
  }
  return seen
}
