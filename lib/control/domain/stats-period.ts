import { asBallastError, type BallastError, isRefusal } from '../../host/errors.ts'
import type { Host } from '../../host/host.ts'
import { type DomainIdentity, isSameRun, type RunIdentity, runOf } from '../../host/sample.ts'
import { backoff } from '../../util/backoff.ts'
import { Semaphore } from '../../util/semaphore.ts'
import { withTimeout } from '../../util/timeout.ts'
import { type Journal, type JournalEntry, subjectOf } from '../journal/journal.ts'

/** Calls at once: they ask QEMU's monitor, and must not crowd out what else does. */
const atOnce = 4
/** Milliseconds before a domain whose period could not be set is tried again. */
const pauses = { first: 1_000, longest: 300_000 }

/** Milliseconds that the end waits for calls under way: a guest that does not answer must not hold up a stop. */
const longestCall = 500

/** How far one run of a domain is. */
interface Arming extends RunIdentity {
  state: 'begun' | 'armed' | 'failed'
  /** When failed: monotonic milliseconds from which on it is tried again. */
  retryAt: number
  /** How often it failed in a row. */
  failures: number
}

/**
 * Whole seconds between a guest's reports for a loop of `interval` milliseconds: half of it at most, so that each
 * tick finds a new one, and 5 at most, since the View takes reports for stale soon after.
 */
export function statsPeriodSeconds(interval: number): number {
  return Math.min(5, Math.max(1, Math.floor(interval / 2_000)))
}

/**
 * Milliseconds between memory samples for a loop of `interval` milliseconds: a statistics period, or less where that
 * lets one of them fall on each tick.
 */
export function memorySampleInterval(interval: number): number {
  const period = 1_000 * statsPeriodSeconds(interval)
  return interval <= period ? period : interval / Math.ceil(interval / period)
}

/** Which domains are to be given a period. */
export interface StatisticsNeeds {
  /**
   * What this one has now, in seconds, null where that is not known; undefined when it needs no other. When it rejects,
   * the domain is tried again later.
   */
  readonly needs: (domain: DomainIdentity) => Promise<{ readonly original: number | null } | undefined>
  /** Whether it is known already that this one needs no other: then it is not asked. */
  readonly isFine: (domain: DomainIdentity) => boolean
  /** Another number whenever `isFine` may say something else of any domain. Default: it may at any time. */
  readonly version?: () => number
  /** Called when it has been. */
  readonly changed: (domain: DomainIdentity) => void
  /** Takes what failed. */
  readonly report: (error: BallastError) => void
}

/**
 * Has every guest report its memory, each time anew when its domain starts: the period is lost with the QEMU
 * that it was set in. Nobody waits for it: a guest that does not answer delays no tick.
 */
export class StatsPeriods {
  readonly #host: Host
  readonly #journal: Journal
  readonly #seconds: number
  readonly #needs: StatisticsNeeds['needs']
  readonly #isFine: StatisticsNeeds['isFine']
  readonly #version: StatisticsNeeds['version']
  readonly #changed: StatisticsNeeds['changed']
  readonly #report: StatisticsNeeds['report']
  readonly #semaphore = new Semaphore(atOnce)
  readonly #armings = new Map<string, Arming>()
  #followed: readonly DomainIdentity[] | undefined
  /** The version at which all of them were fine; undefined: they were not. */
  #fineAt: number | undefined
  /** What is being written to the journal, and the calls that are under way. */
  readonly #writes = new Set<Promise<void>>()
  readonly #calls = new Set<Promise<void>>()
  readonly #unsubscribe: () => void
  #ended = false

  constructor(host: Host, journal: Journal, seconds: number, needs: StatisticsNeeds) {
    this.#host = host
    this.#journal = journal
    this.#seconds = seconds
    this.#needs = needs.needs
    this.#isFine = needs.isFine
    this.#version = needs.version
    this.#changed = needs.changed
    this.#report = needs.report
    this.#unsubscribe = host.subscribe((event) => {
      if (event.kind === 'lifecycle' && event.event === 'started') this.#arm(event.domain)
      // When the connection is back they may have been restarted, even under the same id.
      if (event.kind === 'disconnected') this.#armings.clear()
    })
  }

  /** Begins to arm those of the active domains that are not armed yet. */
  follow(domains: readonly DomainIdentity[]): void {
    if (this.#armings.size > 0 && domains !== this.#followed) {
      const active = new Set(domains.map(({ uuid }) => uuid))
      for (const uuid of this.#armings.keys()) if (!active.has(uuid)) this.#armings.delete(uuid)
    }
    const version = this.#version?.()
    if (version !== undefined && domains === this.#followed && version === this.#fineAt) return
    this.#followed = domains
    const lacking = domains.filter((domain) => !this.#isFine(domain))
    this.#fineAt = lacking.length === 0 ? version : undefined
    for (const domain of lacking) this.#arm(domain)
  }

  /**
   * Begins nothing more, and resolves when no period is set any more: otherwise one could be set after the originals were
   * restored. Waits `longestCall` for the calls under way. Never rejects.
   */
  async end(): Promise<void> {
    this.#ended = true
    this.#unsubscribe()
    await Promise.allSettled(this.#writes)
    await withTimeout(this.#host.clock, longestCall, Promise.allSettled(this.#calls))
  }

  #arm(domain: DomainIdentity): void {
    const before = this.#armings.get(domain.uuid)
    const same = before && isSameRun(before, domain) ? before : undefined
    if (same && (same.state !== 'failed' || this.#host.clock.now() < same.retryAt)) return
    const arming: Arming = { ...runOf(domain), state: 'begun', retryAt: 0, failures: same?.failures ?? 0 }
    this.#armings.set(domain.uuid, arming)
    void this.#semaphore.run(() => this.#set(domain, arming))
  }

  /** Never rejects: it has no waiter. */
  async #set(domain: DomainIdentity, arming: Arming): Promise<void> {
    const { uuid, name, id, run } = domain
    const { clock } = this.#host
    try {
      const need = await this.#needs(domain)
      if (this.#ended) return
      if (!need) {
        if (this.#armings.get(uuid) === arming) this.#armings.delete(uuid)
        return
      }
      const wallTime = clock.wallTime()
      const { original } = need
      const requested = [{ wallTime, from: original, to: this.#seconds }]
      const entry = { wallTime, uuid, name, id, run, kind: 'memoryStatsPeriod', original, requested } as const
      await during(this.#writes, this.#journal.record([entry]))
      if (this.#ended) return
      await during(this.#calls, this.#change(domain, entry))
      arming.state = 'armed'
      // Of a run that has begun meanwhile the answer may be on its way.
      if (this.#armings.get(uuid) === arming) this.#changed(domain)
    } catch (error) {
      this.#report(asBallastError(error))
      arming.state = 'failed'
      arming.retryAt = clock.now() + backoff(++arming.failures, pauses)
    }
  }

  /** Sets the period that `entry` announces. */
  async #change(domain: DomainIdentity, entry: JournalEntry): Promise<void> {
    try {
      await this.#host.setMemoryStatsPeriod(domain, this.#seconds)
    } catch (error) {
      // Once the loop has ended, others may be at work on the journal.
      if (isRefusal(asBallastError(error)) && !this.#ended) await during(this.#writes, this.#forget(entry))
      throw error
    }
  }

  /** Removes an entry about a change that was not made, unless an earlier one was requested of the same setting. */
  async #forget(entry: JournalEntry): Promise<void> {
    const kept = (await this.#journal.entries()).find((one) => subjectOf(one) === subjectOf(entry))
    if (kept?.requested?.length === 1) await this.#journal.forget?.([kept])
  }
}

/** Has `work` in `set` for as long as it lasts. */
async function during(set: Set<Promise<void>>, work: Promise<void>): Promise<void> {
  set.add(work)
  try {
    await work
  } finally {
    set.delete(work)
  }
}
