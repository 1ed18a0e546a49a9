import type { TickDecisions } from '../report/tick-decisions.ts'
import type { Entry } from './entries.ts'

/** What was decided about one guest in one tick, also when nothing was done. */
export interface LastTick {
  readonly tick: number
  /** Milliseconds since the epoch. */
  readonly wallTime: number
  readonly summary: string
  /** What the scheduler weighed. */
  readonly explanation: TickDecisions['explanation'] | undefined
  /** What the guard changed or denied of it. */
  readonly clamps: TickDecisions['clamps']
  /** Why it was not touched. */
  readonly skipped: TickDecisions['skipped']
}

/** Follows entries while they are read, up to a moment. */
export interface TickFollower {
  readonly entries: AsyncIterable<Entry>
  /** Names of all guests that were seen. */
  readonly names: ReadonlySet<string>
  /** The last tick up to the moment; undefined: the guest was never seen by then. */
  result(): LastTick | undefined
}

/** Follows what is decided about a guest, by name or UUID, up to `at`, in milliseconds since the epoch. */
export function lastTick(entries: AsyncIterable<Entry>, guest: string, at: number): TickFollower {
  const names = new Set<string>()
  let isSeen = false
  let last: LastTick | undefined
  let lasting: Pick<TickDecisions, 'clamps' | 'skipped'> = { clamps: [], skipped: [] }
  const isGuest = (uuid: string, name: string) => guest === uuid || guest === name
  const follow = (entry: Entry) => {
    if ('domains' in entry) {
      for (const { name } of entry.domains) names.add(name)
      isSeen ||= entry.domains.some(({ uuid, name }) => isGuest(uuid, name))
    }
    if (!('tick' in entry) || entry.tick.wallTime > at) return
    const { index, wallTime, summary, explanation, clamps, skipped } = { ...lasting, ...entry.tick }
    lasting = { clamps, skipped }
    last = {
      tick: index,
      wallTime,
      summary,
      explanation,
      clamps: clamps.filter(({ action }) => isGuest(action.uuid, action.domain)),
      skipped: skipped.filter(({ uuid, domain }) => isGuest(uuid, domain)),
    }
  }
  return {
    names,
    result: () => (isSeen ? last : undefined),
    entries: (async function* followed() {
      for await (const entry of entries) {
        follow(entry)
        yield entry
      }
    })(),
  }
}
