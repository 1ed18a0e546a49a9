import { asBallastError, BallastError } from '../../host/errors.ts'
import type { Host } from '../../host/host.ts'
import { isSameKsm } from '../../host/ksm.ts'
import { Semaphore } from '../../util/semaphore.ts'
import { timedOut, withTimeout } from '../../util/timeout.ts'
import type { JournalEntry } from '../journal/journal.ts'
import { type SettingStatus, valueStatus } from './setting-status.ts'

/** Settings that no View shows: statistics periods and the KSM rate. */
export type UnobservedEntry = Extract<JournalEntry, { readonly kind: 'memoryStatsPeriod' | 'ksm' }>

export function isUnobserved(entry: JournalEntry): entry is UnobservedEntry {
  return entry.kind === 'memoryStatsPeriod' || entry.kind === 'ksm'
}

/** The status of one of them before it was restored, or what a call failed with. */
export type UnobservedStatus = SettingStatus | BallastError

/** Calls at the same time: they ask QEMU's monitor. */
const mostCalls = 4

/**
 * Reads their status and with `restore` sets those that Ballast changed back to their originals, where these are known.
 * Waits `timeout` milliseconds for each. Never rejects.
 */
export async function unobservedStatuses(
  host: Host,
  entries: readonly UnobservedEntry[],
  { timeout, restore }: { readonly timeout: number; readonly restore: boolean },
): Promise<ReadonlyMap<JournalEntry, UnobservedStatus>> {
  const results = new Map<JournalEntry, UnobservedStatus>()
  const queue = new Semaphore(mostCalls)
  const read = async (entry: UnobservedEntry) => {
    const work = statusOf(host, entry, restore).catch(asBallastError)
    const result = await withTimeout(host.clock, timeout, work)
    const message = `${entry.name || 'The host'} did not answer for ${timeout} ms`
    results.set(entry, result === timedOut ? new BallastError('ERR_TIMEOUT', message) : result)
  }
  await Promise.all(entries.map((entry) => queue.run(() => read(entry))))
  return results
}

async function statusOf(host: Host, entry: UnobservedEntry, restore: boolean): Promise<SettingStatus> {
  if (entry.kind === 'ksm') {
    const seen = await host.ksm()
    const status = valueStatus(entry, seen, (a, b) => isSameKsm(a, b, seen?.advisor))
    if (restore && seen && status === 'changed') await host.setKsm(entry.original)
    return status
  }
  const { uuid, id, original } = entry
  const { statsPeriodSeconds = 0 } = await host.domainTraits(uuid)
  const status = valueStatus(entry, statsPeriodSeconds, Object.is)
  if (restore && status === 'changed' && original !== null) {
    await host.setMemoryStatsPeriod({ uuid, id }, original)
  }
  return status
}
