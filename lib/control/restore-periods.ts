import { BallastError } from '../host/errors.ts'
import type { Host } from '../host/host.ts'
import { asBallastError } from './failure.ts'
import type { JournalEntry } from './journal.ts'
import { Lanes } from './lanes.ts'
import { late, within } from './within.ts'

/** What a domain's statistics period was. */
export type PeriodEntry = Extract<JournalEntry, { readonly kind: 'memoryStatsPeriod' }>

/** Calls at once: they ask QEMU's monitor. */
const lanes = 4

/**
 * Gives guests the statistics periods back that they had, where that is known and they have another now. What failed,
 * by entry; each call is waited for `patience` milliseconds.
 */
export async function restorePeriods(
  host: Host,
  entries: readonly PeriodEntry[],
  patience: number,
): Promise<ReadonlyMap<JournalEntry, BallastError>> {
  const failures = new Map<JournalEntry, BallastError>()
  const queue = new Lanes(lanes)
  const bring = async (entry: PeriodEntry) => {
    const failure = await within(host.clock, patience, bringBack(host, entry))
    if (failure === late) {
      const message = `${entry.name} did not answer for ${patience} ms`
      failures.set(entry, new BallastError('ERR_TIMEOUT', message))
    } else if (failure) failures.set(entry, failure)
  }
  await Promise.all(entries.map((entry) => queue.run(() => bring(entry))))
  return failures
}

/** What it failed with; never rejects. */
async function bringBack(host: Host, entry: PeriodEntry): Promise<BallastError | undefined> {
  const { uuid, original } = entry
  if (original === null) return undefined
  try {
    const { statsPeriodSeconds = 0 } = await host.domainTraits(uuid)
    if (statsPeriodSeconds !== original) await host.setMemoryStatsPeriod(entry, original)
    return undefined
  } catch (error) {
    return asBallastError(error)
  }
}
