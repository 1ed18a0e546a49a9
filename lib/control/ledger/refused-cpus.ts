import { CpuSet } from '../../host/cpuset.ts'
import { type DomainIdentity, isSameRun, type RunIdentity, runOf } from '../../host/sample.ts'
import { backoff } from '../../util/backoff.ts'
import { domainsByUuid } from '../../view/domains-by-uuid.ts'
import type { DomainView, View } from '../../view/view.ts'

/** Milliseconds after which a pCPU that refused a pin is tried again: longer each time. */
const pauses = { first: 300_000, longest: 3_600_000 }

/** What is known of a pCPU on which a pin was refused. */
interface Refusal {
  /** By UUID: the runs that it was refused for. */
  readonly domains: Map<string, RunIdentity>
  readonly times: number
  /** Monotonic milliseconds: when it was refused, and until when it is not tried. */
  readonly time: number
  readonly until: number
}

/**
 * pCPUs that the kernel refused to pin a vCPU to: where a cpuset cannot be read, this is how it is learned. What one
 * domain is refused no other is tried on, unless it is seen to be let there. A part of the `Ledger`.
 */
export class RefusedCpus {
  readonly #refusals = new Map<number, Refusal>()
  /** By UUID: where each domain is seen to be let run; empty while nothing is refused. */
  #seen: ReadonlyMap<string, CpuSet> = new Map()

  /** A pin of the domain to this pCPU alone was refused. */
  refused(pcpu: number, domain: DomainIdentity, time: number): void {
    const before = this.#refusals.get(pcpu)
    const times = (before?.times ?? 0) + 1
    const domains = new Map(before?.domains).set(domain.uuid, runOf(domain))
    this.#refusals.set(pcpu, { domains, times, time, until: time + backoff(times, pauses) })
  }

  /** A pin of the domain to this pCPU alone was taken. */
  accepted(pcpu: number, domain: DomainIdentity): void {
    this.#refusals.get(pcpu)?.domains.delete(domain.uuid)
  }

  /** Takes in which domains run where, and forgets what has become usable or is told by a cpuset now. */
  observe(view: View): void {
    if (this.#refusals.size === 0) return
    const seen = new Map(view.domains.map((domain) => [domain.uuid, affinityOf(domain)]))
    const present = domainsByUuid(view.domains)
    const { online } = view.topology
    for (const [pcpu, { domains, time }] of this.#refusals) {
      for (const [uuid, run] of domains) {
        const domain = present.get(uuid)
        const isOver = !domain || !isSameRun(domain, run)
        if (isOver || (view.time > time && seen.get(uuid)!.has(pcpu))) domains.delete(uuid)
      }
      // Offline it is no candidate, and what it does when it is back is to be seen.
      if (domains.size === 0 || !online.has(pcpu)) this.#refusals.delete(pcpu)
    }
    this.#seen = this.#refusals.size > 0 ? seen : new Map()
  }

  /**
   * pCPUs that this domain is not to be pinned to at `time`. Where its cpuset can be read, that tells of those outside of
   * it, and nothing has to be learned from other domains.
   */
  of({ uuid }: Pick<DomainIdentity, 'uuid'>, time: number, cpuset: CpuSet | undefined): CpuSet {
    if (this.#refusals.size === 0) return CpuSet.empty
    const seen = this.#seen.get(uuid)
    const refused = [...this.#refusals].filter(([pcpu, { domains, until }]) => {
      if (cpuset && !cpuset.has(pcpu)) domains.delete(uuid)
      return time < until && (domains.has(uuid) || (!cpuset && !seen?.has(pcpu)))
    })
    return CpuSet.from(refused.map(([pcpu]) => pcpu))
  }
}

function affinityOf({ vcpus }: DomainView): CpuSet {
  return vcpus.reduce((all, { affinity }) => (affinity ? all.or(affinity) : all), CpuSet.empty)
}
