import { asBallastError, type BallastError, isDomainGone } from '../../host/errors.ts'
import type { Host, HostEvent } from '../../host/host.ts'
import { type DomainIdentity, isSameRun } from '../../host/sample.ts'
import { Semaphore } from '../../util/semaphore.ts'
import { withTimeout } from '../../util/timeout.ts'

/** Questions at once: no monitor is asked, so they are short. */
const atOnce = 8

/** In how many parts answers that have grown old are asked for again, over the time that they last. */
const renewedPart = 8

/** What is known of one run of a domain. */
interface Entry<T> {
  /** As it was first asked about: most samples have the same object. */
  readonly domain: DomainIdentity
  /** Undefined until it is known. */
  answer: { readonly value: T } | undefined
  /** Monotonic milliseconds when it was last asked for. */
  askedAt: number
  /** It is no longer what is so, or may not be. */
  isOld: boolean
  /** How often it has changed: an answer to an earlier question is none. */
  changes: number
  /** Settles when the answer is there, or could not be had. Never rejects. */
  question: Promise<void> | undefined
}

/** What a {@link RunCache} asks. */
export interface RunQuery<T> {
  /** Asks the host of one domain; may reject with a `BallastError`. */
  readonly ask: (domain: DomainIdentity) => Promise<T>
  /** Whether what was answered of the event's domain is no longer so. */
  readonly isChangedBy: (event: HostEvent) => boolean
  /** Whether what was answered last holds until there is a new answer. */
  readonly serveStale: boolean
  /**
   * Milliseconds after which an answer is asked for again, since it may have changed behind libvirt's back, without an
   * event; until then the one before holds. Default: only an event changes it.
   */
  readonly lastsFor?: number
  /** Milliseconds that {@link RunCache.follow} waits at most. */
  readonly timeout: number
  /** Takes what failed, unless the domain has ended. */
  readonly report: (error: BallastError) => void
}

/**
 * What is asked once of every run of a domain: when it is first seen, and again when an event says that it has
 * changed.
 */
export class RunCache<T> implements Disposable {
  readonly #host: Host
  readonly #question: RunQuery<T>
  readonly #semaphore = new Semaphore(atOnce)
  readonly #unsubscribe: () => void
  #entries = new Map<string, Entry<T>>()
  /** Monotonic milliseconds when it is next time to ask for what has grown old. */
  #renewsAt = 0
  /** The domains that were followed last, while all of them are known: undefined otherwise. */
  #known: readonly DomainIdentity[] | undefined
  #version = 0

  constructor(host: Host, question: RunQuery<T>) {
    this.#host = host
    this.#question = question
    this.#unsubscribe = host.subscribe((event) => {
      if ('domain' in event && question.isChangedBy(event)) this.forget(event.domain)
      // Changes from now on are not reported.
      if (event.kind === 'disconnected') for (const uuid of this.#entries.keys()) this.forget({ uuid })
    })
  }

  /** Another number after each change of what {@link RunCache.of} says of any domain. */
  get version(): number {
    return this.#version
  }

  /** Asks what is not known of these domains, waits a little for the answers, and forgets all others. Never rejects. */
  async follow(domains: readonly DomainIdentity[]): Promise<void> {
    this.#renew(domains)
    if (domains === this.#known) return
    const present = new Set(domains.map(({ uuid }) => uuid))
    for (const uuid of this.#entries.keys()) if (!present.has(uuid)) this.#entries.delete(uuid)
    this.#version++
    const unknown = domains.filter((domain) => isUnknown(this.#entry(domain)))
    this.#known = unknown.length === 0 ? domains : undefined
    if (this.#known) return
    const answers = Promise.all(unknown.map((domain) => this.read(domain)))
    await withTimeout(this.#host.clock, this.#question.timeout, answers)
  }

  /** The answer of a domain, asked for where it is not known; undefined when it cannot be had. Never rejects. */
  async read(domain: DomainIdentity): Promise<T | undefined> {
    const entry = this.#entry(domain)
    if (isUnknown(entry)) {
      entry.question ??= this.#ask(domain, entry)
      await entry.question
    }
    // Its own entry: one who follows an older sample may have forgotten this run meanwhile.
    return this.#valueOf(entry)
  }

  /** The answer of a domain, as far as it is known. */
  of(domain: DomainIdentity): T | undefined {
    const entry = this.#entries.get(domain.uuid)
    return entry && isSameRun(entry.domain, domain) ? this.#valueOf(entry) : undefined
  }

  /** What was answered of this domain is no longer so. */
  forget({ uuid }: Pick<DomainIdentity, 'uuid'>): void {
    const entry = this.#entries.get(uuid)
    if (!entry) return
    this.#known = undefined
    this.#version++
    entry.isOld = true
    entry.changes++
  }

  [Symbol.dispose](): void {
    this.#unsubscribe()
  }

  /** Asks again for what was answered long ago, a few at a time, and waits for none. */
  #renew(domains: readonly DomainIdentity[]): void {
    const { lastsFor } = this.#question
    const now = this.#host.clock.now()
    if (lastsFor === undefined || now < this.#renewsAt) return
    this.#renewsAt = now + lastsFor / renewedPart
    let left = Math.ceil(domains.length / (renewedPart - 1))
    for (const domain of domains) {
      const entry = this.#entries.get(domain.uuid)
      if (!entry || entry.askedAt > now - lastsFor || isUnknown(entry) || entry.question) continue
      if (!isSameRun(entry.domain, domain)) continue
      entry.question = this.#ask(domain, entry)
      if (--left === 0) return
    }
  }

  #valueOf({ answer, isOld }: Entry<T>): T | undefined {
    return isOld && !this.#question.serveStale ? undefined : answer?.value
  }

  #entry(domain: DomainIdentity): Entry<T> {
    const known = this.#entries.get(domain.uuid)
    if (known && isSameRun(known.domain, domain)) return known
    this.#known = undefined
    const nothing = { answer: undefined, askedAt: 0, isOld: false, changes: 0, question: undefined }
    const entry: Entry<T> = { domain, ...nothing }
    this.#entries.set(domain.uuid, entry)
    this.#version++
    return entry
  }

  async #ask(domain: DomainIdentity, entry: Entry<T>): Promise<void> {
    const { changes } = entry
    entry.askedAt = this.#host.clock.now()
    try {
      const value = await this.#semaphore.run(() => this.#question.ask(domain))
      if (entry.changes === changes) {
        if (entry.isOld || entry.answer === undefined || entry.answer.value !== value) this.#version++
        entry.answer = { value }
        entry.isOld = false
      }
    } catch (error) {
      const failure = asBallastError(error)
      if (!isDomainGone(failure)) this.#question.report(failure)
    } finally {
      entry.question = undefined
    }
  }
}

function isUnknown({ answer, isOld }: Entry<unknown>): boolean {
  return answer === undefined || isOld
}
