import type { DomainTraits } from '../../host/domain-traits.ts'
import { wrongOption } from '../../host/errors.ts'
import type { DomainIdentity, DomainState, HostMemory, MemorySample } from '../../host/sample.ts'
import { known } from '../../util/known.ts'
import type { DomainMemoryView, DomainView, HostMemoryView } from '../view.ts'
import { commitment } from './commitment.ts'
import { MemoryLevels, type Reboot } from './domain-memory.ts'
import { ordinaryMemory } from './host-memory.ts'
import { HostState } from './host-state.ts'

/** What the host's memory is accounted with. */
export interface MemoryObserverOptions {
  /** Bytes that policies leave to the host. */
  readonly hostMemoryReserve: number
  /** Bytes that a domain's hypervisor is counted with at least, beside guest memory. */
  readonly domainOverhead: number
  /** Whether what the ZFS ARC can give back counts as available. Default false. */
  readonly countZfsArc?: boolean | undefined
  /** What is known of a domain's devices; asked for every domain at every sample. Default: nothing is. */
  readonly traits?: ((domain: DomainIdentity) => DomainTraits | undefined) | undefined
}

/** The memory half of an `Observer`: the levels of every guest, and the state of the host. */
export class MemoryObserver {
  readonly #options: MemoryObserverOptions
  #levels = new MemoryLevels()
  readonly #hostState = new HostState()
  readonly #traitsOf: (domain: DomainIdentity) => DomainTraits | undefined

  /** @throws TypeError for an option that is no number of bytes. */
  constructor(options: MemoryObserverOptions) {
    for (const name of ['hostMemoryReserve', 'domainOverhead'] as const) {
      if (!Number.isFinite(options[name]) || options[name] < 0) {
        throw wrongOption(name, 'a number of bytes, 0 or more', options[name])
      }
    }
    this.#options = options
    this.#traitsOf = (domain) => options.traits?.(domain)
  }

  /** Takes in a sample: balloons were on their way to `targets`; `interval` is the one between decisions, in milliseconds. */
  take(memory: MemorySample, targets: ReadonlyMap<string, number>, interval: number | undefined): void {
    this.#levels.take(memory, targets, interval, this.#traitsOf)
    this.#hostState.next(this.#ordinary(memory))
  }

  /** Forgets the levels of guests. */
  interrupt(): void {
    this.#levels = new MemoryLevels()
  }

  /** The guest of this domain began to boot anew. */
  rebooted(domain: DomainIdentity, reboot: Reboot): void {
    this.#levels.rebooted(domain, reboot)
  }

  /** What a policy sees of one domain at `wallTime`, milliseconds since the epoch. */
  ofDomain(
    identity: DomainIdentity,
    state: DomainState,
    at: {
      readonly targets: ReadonlyMap<string, number>
      readonly wallTime: number
      readonly interval: number | undefined
    },
  ): DomainMemoryView {
    return this.#levels.view(identity, {
      state,
      requested: at.targets.get(identity.uuid),
      wallTime: at.wallTime,
      interval: at.interval,
      traits: this.#traitsOf(identity),
    })
  }

  /** What it sees of the host, whose topology says that it has `whole` bytes; `reserved` bytes are kept for guests to come. */
  ofHost(
    sample: MemorySample | undefined,
    whole: number,
    domains: readonly DomainView[],
    reserved: number,
  ): HostMemoryView {
    const { hostMemoryReserve: reserve, domainOverhead } = this.#options
    const host = sample && this.#ordinary(sample)
    const total = known(host?.total) ?? whole
    const pools = host?.hugePages ?? []
    return {
      total,
      free: known(host?.free),
      available: known(host?.available),
      hugePages: pools.length > 0 ? pools.map((pool) => ({ ...pool, free: known(pool.free) })) : undefined,
      zfsArc: known(host?.zfsArc),
      state: this.#hostState.state,
      pressure: known(host?.pressure),
      reserve,
      reserved,
      budget: Math.max(0, total - reserve - reserved),
      committed: domains.reduce((sum, domain) => sum + commitment(domain, domainOverhead), 0),
    }
  }

  #ordinary({ host }: MemorySample): HostMemory {
    return ordinaryMemory(host, this.#options.countZfsArc ?? false)
  }
}
