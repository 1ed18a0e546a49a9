import { type DomainIdentity, isSameRun } from '../host/sample.ts'
import { domainsByUuid, indexLike, rowsByUuid } from './domains-by-uuid.ts'
import type { MemoryPressure } from './memory/shortage.ts'
import type { DomainView, HostMemoryView, VcpuView, View } from './view.ts'

/** A domain as a memory sample shows it. */
export type SeenDomain = Pick<DomainView, 'uuid' | 'name' | 'id' | 'run' | 'state' | 'settings' | 'memory'>

/** Something that there is a View of. */
export interface Viewed {
  readonly view: View
}

/** What a {@link MemoryGlance} is made from. */
export interface MemoryGlanceParts extends MemoryPressure, Pick<View, 'time' | 'wallTime'> {
  /** As the memory sample has them. */
  readonly domains: readonly DomainIdentity[]
  /** What the sample shows of the domain at this row: to be asked before the next sample is taken in. */
  readonly domainAt: (row: number) => SeenDomain
  /** And of the host, given all of them. */
  readonly host: (domains: readonly SeenDomain[]) => HostMemoryView
}

/**
 * What a memory sample shows between two ticks. Most are asked for memory pressure and a domain or two, so the others are
 * worked out only when there is to be a tick; and the vCPUs copied, which are those of the View before.
 */
export class MemoryGlance implements MemoryPressure, Viewed {
  readonly suffering: readonly string[]
  readonly shortage: number
  readonly time: number
  readonly #parts: MemoryGlanceParts
  readonly #before: Viewed
  readonly #seen: (SeenDomain | undefined)[]
  #view: View | undefined

  constructor(before: Viewed, parts: MemoryGlanceParts) {
    this.#before = before instanceof MemoryGlance ? before.#source : before
    this.#parts = parts
    this.#seen = new Array<SeenDomain | undefined>(parts.domains.length).fill(undefined)
    this.suffering = parts.suffering
    this.shortage = parts.shortage
    this.time = parts.time
  }

  /** The domains of the sample, by UUID. */
  get(uuid: string): SeenDomain | undefined {
    const row = rowsByUuid(this.#parts.domains).get(uuid)
    return row === undefined ? undefined : this.#at(row)
  }

  /** Its domains are those of the memory sample: one that started since the last CPU sample has no vCPUs in it yet. */
  get view(): View {
    this.#view ??= this.#make(this.#before.view)
    return this.#view
  }

  /** What vCPUs are taken from: itself only where its View was made, which had to be in time. */
  get #source(): Viewed {
    return this.#view ? this : this.#before
  }

  #at(row: number): SeenDomain {
    this.#seen[row] ??= this.#parts.domainAt(row)
    return this.#seen[row]!
  }

  #make(before: View): View {
    const { time, wallTime, host } = this.#parts
    const known = domainsByUuid(before.domains)
    const vcpus: VcpuView[] = []
    const all = this.#parts.domains.map((_, row) => this.#at(row))
    const domains = all.map((seen): DomainView => {
      const earlier = known.get(seen.uuid)
      const there = earlier && isSameRun(earlier, seen) ? earlier : unseen
      const { homeCell, cpuset, hasThreadOfAll, cpuShares, cpuQuota } = there
      const { uuid, name, id, run, state, settings, memory } = seen
      const own: VcpuView[] = []
      const about = { uuid, name, id, run, state, settings, homeCell, cpuset, cpuShares, cpuQuota }
      const domain = { ...about, hasThreadOfAll, vcpus: own, memory }
      for (const vcpu of there.vcpus) own.push(ofDomain(vcpu, domain))
      for (const vcpu of own) vcpus.push(vcpu)
      return domain
    })
    indexLike(domains, this.#parts.domains)
    return { ...before, time, wallTime, domains, vcpus, memory: host(all) }
  }
}

/** The same of a domain whose memory was sampled anew. */
function ofDomain(seen: VcpuView, domain: DomainView): VcpuView {
  const { vcpu, affinity, pin, allowed, pcpu, usage, delay, throttled, demand, demandRange } = seen
  return { domain, vcpu, affinity, pin, allowed, pcpu, usage, delay, throttled, demand, demandRange }
}

/** What is known of the vCPUs of a domain that no CPU sample has shown. */
const unseen: Pick<
  DomainView,
  'homeCell' | 'cpuset' | 'hasThreadOfAll' | 'cpuShares' | 'cpuQuota' | 'vcpus'
> = {
  homeCell: undefined,
  cpuset: undefined,
  hasThreadOfAll: undefined,
  cpuShares: undefined,
  cpuQuota: undefined,
  vcpus: [],
}
