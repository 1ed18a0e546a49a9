import { isSameRun } from '../host/sample.ts'
import { domainsByUuid } from './domains-by-uuid.ts'
import type { DomainView, HostMemoryView, VcpuView, View } from './view.ts'

/** A domain as a memory sample shows it. */
export type SeenDomain = Pick<DomainView, 'uuid' | 'name' | 'id' | 'run' | 'state' | 'settings' | 'memory'>

/** What a memory sample shows of a host; every View is one. */
export interface MemoryView extends Pick<View, 'time' | 'wallTime'> {
  readonly domains: readonly SeenDomain[]
  readonly memory: HostMemoryView
}

/** Something that there is a View of. */
export interface Viewed {
  readonly view: View
}

/**
 * The View between two ticks: the one before with the memory of a newer sample. Most of these Views are asked for their
 * memory and nothing else, so their vCPUs are copied only when there is to be a tick.
 */
export class MemoryGlance implements MemoryView, Viewed {
  readonly time: number
  readonly wallTime: number
  readonly domains: readonly SeenDomain[]
  readonly memory: HostMemoryView
  readonly #before: Viewed
  #view: View | undefined

  constructor(before: Viewed, { time, wallTime, domains, memory }: MemoryView) {
    this.#before = before
    this.time = time
    this.wallTime = wallTime
    this.domains = domains
    this.memory = memory
  }

  /** Its domains are those of the memory sample: one that started since the last CPU sample has no vCPUs in it yet. */
  get view(): View {
    this.#view ??= this.#make(this.#before.view)
    return this.#view
  }

  #make(before: View): View {
    const { time, wallTime, memory } = this
    const known = domainsByUuid(before.domains)
    const vcpus: VcpuView[] = []
    const domains = this.domains.map((seen): DomainView => {
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
    return { ...before, time, wallTime, domains, vcpus, memory }
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
