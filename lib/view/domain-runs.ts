import { type CpuSample, type DomainIdentity, isSameRun } from '../host/sample.ts'
import { DomainRun } from './domain-run.ts'

/** The runs of domains in the last sample. */
export class DomainRuns {
  /** In the order of the sample's domains. */
  inOrder: readonly DomainRun[] = []
  #byUuid: ReadonlyMap<string, DomainRun> = new Map()
  #domains: readonly DomainIdentity[] | undefined

  /** The one of this domain; undefined when it is another, or none. */
  of(domain: DomainIdentity): DomainRun | undefined {
    const run = this.#byUuid.get(domain.uuid)
    return run && isSameRun(run.identity, domain) ? run : undefined
  }

  /**
   * Begins with domains that are new in this sample, and forgets those that are no longer in it. Says whether they are the same
   * as in the one before.
   */
  follow({ domains, interval, time }: CpuSample): boolean {
    if (domains === this.#domains) return true
    const appeared = this.#domains && !Number.isNaN(interval) ? time : undefined
    const runs = new Map<string, DomainRun>()
    this.inOrder = domains.map((identity) => {
      const run = this.of(identity) ?? new DomainRun(identity, appeared)
      runs.set(identity.uuid, run)
      return run
    })
    this.#byUuid = runs
    this.#domains = domains
    return false
  }

  /** After a gap without samples. */
  interrupt(): void {
    for (const run of this.inOrder) run.interrupt()
  }
}
