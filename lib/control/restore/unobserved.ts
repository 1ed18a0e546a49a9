import { asBallastError, BallastError } from '../../host/errors.ts'
import type { Host } from '../../host/host.ts'
import { Semaphore } from '../../util/semaphore.ts'
import { timedOut, withTimeout } from '../../util/timeout.ts'
import type { JournalEntry } from '../journal/journal.ts'
import { isSameRate } from '../ksm-loop.ts'
import { type SettingStatus, valueStatus } from './setting-status.ts'

/** Settings that no View shows: statistics periods, and the pace of merging. */
export type UnobservedEntry = Extract<JournalEntry, { readonly kind: 'memoryStatsPeriod' | 'ksm' }>

export function isUnobserved(entry: JournalEntry): entry is UnobservedEntry {
  return entry.kind === 'memoryStatsPeriod' || entry.kind === 'ksm'
}

/** What came of one of them: how it stood, or what a call failed with. */
export type UnobservedStatus = SettingStatus | BallastError

/** Calls at once: they ask QEMU's monitor. */
const lanes = 4

/**
 * Asks how they stand, and with `restoreOriginals` gives back those that Ballast changed, where it is known what they were; each
 * is waited for `timeout` milliseconds. Never rejects.
 */
export async function unobservedStatuses(
  host: Host,
  entries: readonly UnobservedEntry[],
  { timeout, bringBack }: { readonly timeout: number; readonly bringBack: boolean },
): Promise<ReadonlyMap<JournalEntry, UnobservedStatus>> {
  const results = new Map<JournalEntry, UnobservedStatus>()
  const queue = new Semaphore(lanes)
  const see = async (entry: UnobservedEntry) => {
    const work = standing(host, entry, bringBack).catch(asBallastError)
    const result = await withTimeout(host.clock, timeout, work)
    const message = `${entry.name || 'The host'} did not answer for ${timeout} ms`
    results.set(entry, result === timedOut ? new BallastError('ERR_TIMEOUT', message) : result)
  }
  await Promise.all(entries.map((entry) => queue.run(() => see(entry))))
  return results
}

async function standing(host: Host, entry: UnobservedEntry, bringBack: boolean): Promise<SettingStatus> {
  if (entry.kind === 'ksm') {
    const seen = await host.ksm()
    const stands = valueStatus(entry, seen, isSameRate)
    if (bringBack && seen && stands === 'changed') await host.setKsm(entry.original)
    return stands
  }
  const { uuid, id, original } = entry
  const { statsPeriodSeconds = 0 } = await host.domainTraits(uuid)
  const stands = valueStatus(entry, statsPeriodSeconds, Object.is)
  if (bringBack && stands === 'changed' && original !== null) {
    await host.setMemoryStatsPeriod({ uuid, id }, original)
  }
  return stands
}
