import type { DomainTraits } from '../../host/domain-traits.ts'
import {
  type DomainIdentity,
  type DomainState,
  isRunning,
  isSameRun,
  type MemorySample,
  MemoryStatus,
  type RunIdentity,
} from '../../host/sample.ts'
import type { DomainMemoryView } from '../view.ts'
import { BalloonWatch } from './balloon-progress.ts'
import { eventsOf, isUnderPressure } from './events.ts'
import { GuestTotal } from './guest-total.ts'
import { holdOf, isContradictory } from './hold.ts'
import { Insatiable } from './insatiable.ts'
import { deadTimeOf, needOf } from './need.ts'
import { hasRebooted, increase, type MemoryReport, nothingKnown, readReport } from './report.ts'
import { MemoryUse } from './use.ts'
import { guestSize } from './virtio-mem.ts'

/** Bytes a second that no guest swaps. */
const absurdSwap = 16 * 2 ** 30

/** What {@link DomainMemory.take} needs beside the sample; see {@link MemoryContext}. */
type SampleContext = Pick<MemoryContext, 'requested' | 'interval' | 'traits'>

/** What {@link DomainMemory.view} needs beside the samples. Changed in place from domain to domain: there are thousands. */
export interface MemoryContext {
  state: DomainState
  /** Bytes that the balloon itself was last asked for. */
  requested: number | undefined
  /** Milliseconds since the epoch. */
  wallTime: number
  /** Milliseconds between decisions. */
  interval: number | undefined
  traits: DomainTraits | undefined
}

/** When a guest began to boot anew: monotonic milliseconds, and milliseconds since the epoch. */
export interface Reboot {
  readonly time: number
  readonly wallTime: number
}

/** The memory of one run of a domain, from sample to sample. */
export class DomainMemory {
  readonly identity: RunIdentity
  /** Whether it started while Ballast was watching. */
  readonly #isNew: boolean
  readonly #firstSeen: number
  #time: number
  #report = nothingKnown
  #swappedOut: number | undefined
  #swappedIn: number | undefined
  #total = new GuestTotal()
  readonly #insatiable = new Insatiable()
  #use: MemoryUse | undefined
  #believed: MemoryReport | undefined
  /** Whether the figures contradict each other. */
  #isContradictory = false
  /** Whether the last report does not fit the ones before. */
  #isDoubtful = false
  readonly #balloon = new BalloonWatch()
  /** When its guest began to boot anew, until a report of the new boot is believed. */
  #reboot: Reboot | undefined
  /** Since when it is known to have a statistics period. */
  #askedSince: number | undefined

  constructor(identity: RunIdentity, isNew: boolean, time: number) {
    this.identity = identity
    this.#isNew = isNew
    this.#firstSeen = time
    this.#time = time
  }

  /**
   * The guest began to boot anew: what it told is no longer so, though QEMU may go on telling it, and until its driver is up
   * it has all of its memory, whatever QEMU says of the balloon.
   */
  rebooted(reboot: Reboot): void {
    this.#reboot = reboot
    this.#use = undefined
    this.#total = new GuestTotal()
    this.#believed = undefined
    this.#isContradictory = false
    this.#isDoubtful = false
  }

  /** Takes in row `row` of a sample, while the balloon was on its way to a size of its own of `requested` bytes. */
  take(sample: MemorySample, row: number, { requested, interval, traits }: SampleContext): void {
    const before = this.#report
    const report = readReport(sample, row, before, traits)
    const target = requested && guestSize(traits ?? {}, requested)
    const isFresh = report.status === MemoryStatus.fresh
    if (isFresh) this.#isContradictory = isContradictory(report)
    const isNext = isFresh && before.status === MemoryStatus.fresh
    this.#report = report
    this.#time = sample.time
    // Newer versions of QEMU drop its report when the guest boots anew.
    if (isFresh && before.lastUpdate !== undefined && report.lastUpdate === undefined) this.rebooted(sample)
    this.#swappedOut = isNext ? increase(before.swapOut, report.swapOut) : undefined
    this.#swappedIn = isNext ? increase(before.swapIn, report.swapIn) : undefined
    if (report.actual === undefined || !Number.isFinite(report.actual)) return
    const { lastUpdate, unused } = report
    const isOfLastBoot = this.#reboot !== undefined && !(lastUpdate! > this.#reboot.wallTime)
    const canMove = isFresh && !isOfLastBoot && isRunning(sample.state[row] as DomainState)
    this.#balloon.see(report.actual, target, sample.time, canMove)
    if (isOfLastBoot) return
    this.#total.see(report.actual, sample.time)
    if (!isFresh || this.#isContradictory) return
    if (lastUpdate === undefined || unused === undefined) return
    if (lastUpdate === before.lastUpdate && this.#use) return
    const age = sample.wallTime - lastUpdate
    this.#read(report, sample.time - age, deadTimeOf(age, interval))
  }

  /** Notes whether it is known to have a statistics period now. */
  noteAsked(traits: DomainTraits | undefined): void {
    if (!traits?.statsPeriodSeconds) this.#askedSince = undefined
    else this.#askedSince ??= this.#time
  }

  /** Whether a {@link view} could show memory pressure; where it is on hold, it does not. */
  mayBeUnderPressure({ wallTime, interval }: Pick<MemoryContext, 'wallTime' | 'interval'>): boolean {
    const actual = this.#size()
    if (!this.#use || actual === undefined) return false
    return isUnderPressure(this.#use, actual, deadTimeOf(this.#age(wallTime) ?? 0, interval))
  }

  view({ state, requested, wallTime, interval, traits }: MemoryContext): DomainMemoryView {
    const report = this.#report
    const { maximum } = report
    const actual = this.#size()
    const age = this.#age(wallTime)
    const watched = this.#time - this.#firstSeen
    this.noteAsked(traits)
    const asked = this.#askedSince === undefined ? undefined : this.#time - this.#askedSince
    const isDoubtful = this.#isContradictory || this.#isDoubtful
    const isNew = this.#isNew
    const rebooted = this.#reboot && this.#time - this.#reboot.time
    // Of the two the larger: a definition may leave QEMU's own options out, and pages that were not touched are not mapped.
    const hugePages = Math.max(traits?.hugePages ?? 0, report.hugePages ?? 0) || undefined
    const pinned = traits?.pinnedMemory ?? (hugePages === undefined ? undefined : 'huge pages')
    const reason = holdOf(report, { state, age, traits, pinned, watched, isNew, asked, rebooted, isDoubtful })
    const hold = reason ?? (this.#use ? undefined : 'no statistics')
    const deadTime = deadTimeOf(age ?? 0, interval)
    const use = hold === undefined ? this.#use : undefined
    return {
      age: age === undefined ? undefined : Math.max(0, age),
      hold,
      maximum,
      actual,
      target: requested && guestSize(traits ?? {}, requested),
      available: report.available,
      unused: report.unused,
      usable: report.usable,
      diskCaches: report.diskCaches,
      swappedOut: this.#swappedOut,
      swappedIn: this.#swappedIn,
      swapIn: report.swapIn,
      swapOut: report.swapOut,
      majorFaults: report.majorFaults,
      need: use && needOf(use, deadTime),
      events: use && eventsOf(use, actual!, deadTime),
      progress: this.#balloon.progress,
      stillSince: this.#balloon.stillSince,
      rss: report.rss,
      pinned,
      hugePages,
      virtioMem: traits?.virtioMem,
      fileBacked: traits?.fileBacked,
      rssFile: report.rssFile,
    }
  }

  /** Bytes that the guest has. While it boots, its driver has not taken anything from it yet. */
  #size(): number | undefined {
    const { maximum, actual } = this.#report
    return this.#reboot && maximum !== undefined ? Math.max(maximum, actual ?? 0) : actual
  }

  /** Milliseconds since its last report. */
  #age(wallTime: number): number | undefined {
    const { lastUpdate } = this.#report
    return lastUpdate === undefined ? undefined : wallTime - lastUpdate
  }

  /** Takes in a new report, made at `time`, unless it cannot be true. */
  #read(report: MemoryReport, time: number, deadTime: number): void {
    const before = this.#believed
    const isBackwards = before !== undefined && report.lastUpdate! < before.lastUpdate!
    if (before && hasRebooted(before, report)) {
      this.#use = undefined
      this.#total = new GuestTotal()
      this.#total.see(report.actual!, this.#time)
    }
    this.#believed = report
    const inUse = this.#total.inUse(report, time)
    const isInsatiable = this.#insatiable.next(report)
    this.#isDoubtful = isBackwards || isInsatiable || Number.isNaN(inUse) || swapsAbsurdly(before, report)
    if (this.#isDoubtful) return
    if (this.#use) this.#use.next(inUse, report, time, deadTime)
    else if (inUse !== undefined) this.#use = new MemoryUse(inUse, report, time)
    if (this.#use) this.#reboot = undefined
  }
}

/** The memory of every domain. */
export class MemoryLevels {
  #sample: MemorySample | undefined
  #domains: ReadonlyMap<string, DomainMemory> = new Map()
  /** The same by row of the last sample. */
  #rows: readonly DomainMemory[] = []
  readonly #context: SampleContext = { requested: undefined, interval: undefined, traits: undefined }

  /** Takes in a sample, with facts by row: balloons were on their way to `targets`. The same object again changes nothing. */
  take(
    sample: MemorySample,
    targets: ReadonlyMap<string, number>,
    interval: number | undefined,
    facts: readonly { readonly traits: DomainTraits | undefined }[],
  ): void {
    if (sample === this.#sample) return
    if (sample.domains !== this.#sample?.domains) this.#follow(sample)
    this.#sample = sample
    const context = this.#context
    context.interval = interval
    for (let row = 0; row < this.#rows.length; row++) {
      context.requested = targets.size > 0 ? targets.get(sample.domains[row]!.uuid) : undefined
      context.traits = facts[row]!.traits
      this.#rows[row]!.take(sample, row, context)
    }
  }

  /** The domain at this row of the last sample. */
  at(row: number): DomainMemory {
    return this.#rows[row]!
  }

  /** The guest of this domain began to boot anew. */
  rebooted(identity: DomainIdentity, reboot: Reboot): void {
    const found = this.#domains.get(identity.uuid)
    if (found && isSameRun(found.identity, identity)) found.rebooted(reboot)
  }

  /** What a policy sees of one domain. It is looked up unless it is at `row` of the last sample, as it usually is. */
  view(identity: DomainIdentity, row: number, context: MemoryContext): DomainMemoryView {
    const there = this.#sample?.domains[row]?.uuid === identity.uuid ? this.#rows[row] : undefined
    const found = there ?? this.#domains.get(identity.uuid)
    const isKnown = found && isSameRun(found.identity, identity)
    return (isKnown ? found : new DomainMemory(identity, false, 0)).view(context)
  }

  /** Begins with domains that are new in this sample, and forgets those that are no longer in it. */
  #follow({ domains, time }: MemorySample): void {
    const isFirst = this.#sample === undefined
    const next = new Map<string, DomainMemory>()
    this.#rows = domains.map((identity) => {
      const before = this.#domains.get(identity.uuid)
      const isKnown = before && isSameRun(before.identity, identity)
      const domain = isKnown ? before : new DomainMemory(identity, !isFirst, time)
      next.set(identity.uuid, domain)
      return domain
    })
    this.#domains = next
  }
}

function swapsAbsurdly(before: MemoryReport | undefined, now: MemoryReport): boolean {
  if (!before) return false
  const seconds = Math.max(1_000, now.lastUpdate! - before.lastUpdate!) / 1_000
  const bytes = Math.max(increase(before.swapOut, now.swapOut) ?? 0, increase(before.swapIn, now.swapIn) ?? 0)
  return bytes > absurdSwap * seconds
}
