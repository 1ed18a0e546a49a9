import type { Host } from '../../host/host.ts'
import type { Journal, JournalEntry } from '../journal/journal.ts'
import { RestoreObserver } from './observe.ts'
import { type SettingStatus, settingStatus } from './setting-status.ts'
import { isUnobserved, unobservedStatuses } from './unobserved.ts'

/**
 * The status of every setting in `journal` on `host`, which may be read-only. Waits `timeout` milliseconds for each
 * answer. Samples the host, so it is not for a connection that a loop samples too. Rejects as `restore` does.
 */
export async function inspectSettings(
  host: Host,
  journal: Journal,
  timeout: number,
): Promise<ReadonlyMap<JournalEntry, SettingStatus>> {
  const entries = await journal.entries()
  using observer = new RestoreObserver(host, entries, timeout)
  const view = await observer.view()
  const statuses = new Map(entries.map((entry) => [entry, settingStatus(entry, view)]))
  const concerned = entries.filter(isUnobserved).filter((entry) => statuses.get(entry) !== 'ended')
  for (const [entry, status] of await unobservedStatuses(host, concerned, { timeout, restore: false })) {
    if (typeof status === 'string') statuses.set(entry, status)
  }
  return statuses
}
