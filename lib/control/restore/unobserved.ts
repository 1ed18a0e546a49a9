import { BallastError } from '../../host/errors.ts'
import type { Host } from '../../host/host.ts'
import { Lanes } from '../../util/semaphore.ts'
import { late, within } from '../../util/timeout.ts'
import { asBallastError } from '../failure.ts'
import type { JournalEntry } from '../journal/journal.ts'
import { isSamePace } from '../ksm-loop.ts'
import { type Standing, standingOfValue } from './setting-status.ts'

/** Settings that no View shows: statistics periods, and the pace of merging. */
export type UnseenEntry = Extract<JournalEntry, { readonly kind: 'memoryStatsPeriod' | 'memoryMerging' }>

export function isUnseen(entry: JournalEntry): entry is UnseenEntry {
  return entry.kind === 'memoryStatsPeriod' || entry.kind === 'memoryMerging'
}

/** What came of one of them: how it stood, or what a call failed with. */
export type Unseen = Standing | BallastError

/** Calls at once: they ask QEMU's monitor. */
const lanes = 4

/**
 * Asks how they stand, and with `bringBack` gives back those that Ballast changed, where it is known what they were; each
 * is waited for `patience` milliseconds. Never rejects.
 */
export async function unseenStandings(
  host: Host,
  entries: readonly UnseenEntry[],
  { patience, bringBack }: { readonly patience: number; readonly bringBack: boolean },
): Promise<ReadonlyMap<JournalEntry, Unseen>> {
  const results = new Map<JournalEntry, Unseen>()
  const queue = new Lanes(lanes)
  const see = async (entry: UnseenEntry) => {
    const work = standing(host, entry, bringBack).catch(asBallastError)
    const result = await within(host.clock, patience, work)
    const message = `${entry.name || 'The host'} did not answer for ${patience} ms`
    results.set(entry, result === late ? new BallastError('ERR_TIMEOUT', message) : result)
  }
  await Promise.all(entries.map((entry) => queue.run(() => see(entry))))
  return results
}

async function standing(host: Host, entry: UnseenEntry, bringBack: boolean): Promise<Standing> {
  if (entry.kind === 'memoryMerging') {
    const seen = await host.memoryMerging()
    const stands = standingOfValue(entry, seen, isSamePace)
    if (bringBack && seen && stands === 'changed') await host.setMemoryMerging(entry.original)
    return stands
  }
  const { uuid, id, original } = entry
  const { statsPeriodSeconds = 0 } = await host.domainTraits(uuid)
  const stands = standingOfValue(entry, statsPeriodSeconds, Object.is)
  if (bringBack && stands === 'changed' && original !== null) {
    await host.setMemoryStatsPeriod({ uuid, id }, original)
  }
  return stands
}
