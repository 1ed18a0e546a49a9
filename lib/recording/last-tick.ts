import type { TickDecisions } from '../report/tick-decisions.ts'
import type { ScoreRecord } from '../report/tick-json.ts'
import type { Entry } from './entries.ts'
import { TickReader } from './tick-reader.ts'

/** What was decided about one guest in one tick, also when nothing was done. */
export interface LastTick {
  readonly tick: number
  /** Milliseconds since the epoch. */
  readonly wallTime: number
  readonly summary: string
  /** Something was changed, or the guard denied it. */
  readonly acted: boolean
  /** What the scheduler weighed. */
  readonly explanation: TickDecisions['explanation'] | undefined
  /** What the guard changed or denied of it. */
  readonly clamps: TickDecisions['clamps']
  /** Why it was not touched. */
  readonly skipped: TickDecisions['skipped']
  /** How much of what it wanted it got; undefined: not recorded. */
  readonly score: ScoreRecord | undefined
}

/** Follows entries while they are read, up to a moment. */
export interface TickFollower {
  readonly entries: AsyncIterable<Entry>
  /** Names of all guests that were seen. */
  readonly names: ReadonlySet<string>
  /** The last tick up to the moment; undefined: the guest was never seen by then. */
  result(): LastTick | undefined
  /** Milliseconds since the epoch: the last tick of all; undefined: there is none. */
  end(): number | undefined
}

/**
 * Follows what is decided about a guest, by name or UUID, up to `at`, in milliseconds since the epoch; of ticks before `since`
 * only the changes are known.
 */
export function lastTick(
  entries: AsyncIterable<Entry>,
  guest: string,
  at: number,
  since = Number.NEGATIVE_INFINITY,
): TickFollower {
  const names = new Set<string>()
  let last: LastTick | undefined
  let end: number | undefined
  const ticks = new TickReader()
  const uuids = new Set<string>()
  const isGuest = (uuid: string, name: string) => guest === uuid || guest === name
  const follow = (entry: Entry) => {
    if ('domains' in entry) {
      for (const { name } of entry.domains) names.add(name)
      for (const { uuid, name } of entry.domains) if (isGuest(uuid, name)) uuids.add(uuid)
    }
    if (!('tick' in entry)) return
    end = entry.tick.wallTime
    if (entry.tick.wallTime > at || entry.tick.wallTime < since) return
    const { index, wallTime, summary, outcomes, explanation, clamps, skipped, scores } = ticks.read(
      entry.tick,
    )
    last = {
      tick: index,
      wallTime,
      summary,
      acted: outcomes.length > 0 || clamps.length > 0,
      explanation,
      clamps: clamps.filter(({ action }) => isGuest(action.uuid, action.domain)),
      skipped: skipped.filter(({ uuid, domain }) => isGuest(uuid, domain)),
      score: [...uuids].map((uuid) => scores.get(uuid)).findLast((score) => score !== undefined),
    }
  }
  return {
    names,
    result: () => (uuids.size > 0 ? last : undefined),
    end: () => end,
    entries: (async function* followed() {
      for await (const entry of entries) {
        follow(entry)
        yield entry
      }
    })(),
  }
}
