import { type DomainIdentity, type DomainState, type MemorySample, MemoryStatus } from '../host/sample.ts'
import { known } from './known.ts'
import { isRunning } from './running.ts'
import type { DomainMemoryView, MemoryHold } from './view.ts'

/**
 * Milliseconds. A guest's report older than this is no ground to act on: almost twice the greatest age (5.5 s)
 * that reports have with a statistics period of 5 s, so that one late report is no alarm.
 */
export const staleAfter = 10_000

/** Milliseconds that a report may lie in the future: clocks are read one after the other. */
const clockSlack = 2_000

/** What is known of one run of a domain, in bytes; `lastUpdate` in milliseconds since the epoch. */
interface Levels {
  readonly id: number
  readonly status: MemoryStatus
  readonly maximum: number | undefined
  readonly actual: number | undefined
  readonly available: number | undefined
  readonly unused: number | undefined
  readonly usable: number | undefined
  readonly rss: number | undefined
  readonly lastUpdate: number | undefined
  readonly swapOut: number | undefined
  readonly swappedOut: number | undefined
}

/** The last known memory levels of every domain. */
export class MemoryLevels {
  #sample: MemorySample | undefined
  #levels: ReadonlyMap<string, Levels> = new Map()

  /** Takes in a sample. The same object again changes nothing. */
  take(sample: MemorySample): void {
    if (sample === this.#sample) return
    this.#sample = sample
    const next = new Map<string, Levels>()
    sample.domains.forEach(({ uuid, id }, row) => {
      const before = this.#levels.get(uuid)
      next.set(uuid, readRow(sample, row, id, before?.id === id ? before : undefined))
    })
    this.#levels = next
  }

  /** What a policy sees of one domain at `wallTime` (milliseconds since the epoch). */
  view(
    { uuid, id }: DomainIdentity,
    state: DomainState,
    target: number | undefined,
    wallTime: number,
  ): DomainMemoryView {
    const found = this.#levels.get(uuid)
    const levels = found?.id === id ? found : nothingKnown
    const age = levels.lastUpdate === undefined ? undefined : wallTime - levels.lastUpdate
    return {
      age: age === undefined ? undefined : Math.max(0, age),
      hold: isRunning(state) ? holdOf(levels, age) : 'not running',
      maximum: levels.maximum,
      actual: levels.actual,
      target,
      available: levels.available,
      unused: levels.unused,
      usable: levels.usable,
      diskCaches: undefined,
      swappedOut: levels.swappedOut,
      swappedIn: undefined,
      need: undefined,
      events: undefined,
      progress: 'resting',
      rss: levels.rss,
    }
  }
}

const nothingKnown: Levels = {
  id: -1,
  status: MemoryStatus.fresh,
  maximum: undefined,
  actual: undefined,
  available: undefined,
  unused: undefined,
  usable: undefined,
  rss: undefined,
  lastUpdate: undefined,
  swapOut: undefined,
  swappedOut: undefined,
}

function readRow(sample: MemorySample, row: number, id: number, before: Levels | undefined): Levels {
  const status = sample.status[row] as MemoryStatus
  const maximum = known(sample.maximum[row]) ?? before?.maximum
  const actual = known(sample.actual[row]) ?? before?.actual
  if (status !== MemoryStatus.fresh) {
    return {
      ...(before ?? nothingKnown),
      id,
      status,
      maximum,
      actual,
      swapOut: undefined,
      swappedOut: undefined,
    }
  }
  const swapOut = known(sample.swapOut[row])
  return {
    id,
    status,
    maximum,
    actual,
    available: known(sample.available[row]),
    unused: known(sample.unused[row]),
    usable: known(sample.usable[row]),
    rss: known(sample.rss[row]),
    lastUpdate: known(sample.lastUpdate[row]),
    swapOut,
    swappedOut: increase(before?.swapOut, swapOut),
  }
}

/** Undefined when either is unknown, and after a reboot, when the counter went back. */
function increase(before: number | undefined, now: number | undefined): number | undefined {
  return before === undefined || now === undefined || now < before ? undefined : now - before
}

function holdOf(levels: Levels, age: number | undefined): MemoryHold | undefined {
  if (levels.status === MemoryStatus.gone) return 'not running'
  if (levels.status === MemoryStatus.stuck) return 'stuck'
  if (levels.status === MemoryStatus.failed) return 'failed'
  const { actual, maximum, unused } = levels
  if (age === undefined || actual === undefined || maximum === undefined || unused === undefined) {
    return 'no statistics'
  }
  if (age < -clockSlack || contradictory(levels)) return 'contradictory statistics'
  return age > staleAfter ? 'stale statistics' : undefined
}

/**
 * Whether figures cannot all be true. The balloon's size is read now and the guest's report is older, so the
 * two are not compared: a balloon on its way down is smaller than what the guest reported a second ago.
 */
function contradictory({ maximum, actual, available, unused, usable, rss }: Levels): boolean {
  return (
    [maximum, actual, available, unused, usable, rss].some((bytes) => bytes !== undefined && bytes < 0) ||
    above(unused, available) ||
    above(usable, available) ||
    above(actual, maximum)
  )
}

function above(part: number | undefined, whole: number | undefined): boolean {
  return part !== undefined && whole !== undefined && part > whole
}
