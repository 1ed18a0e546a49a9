import { wrongOption } from '../../host/errors.ts'
import type { DomainIdentity, HostMemory, MemorySample } from '../../host/sample.ts'
import { known } from '../../util/known.ts'
import type { DomainFacts } from '../domain-facts.ts'
import type { DomainMemoryView, HostMemoryState, HostMemoryView } from '../view.ts'
import { commitment } from './commitment.ts'
import { type MemoryContext, MemoryLevels, type Reboot } from './domain-memory.ts'
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
}

/** The memory half of an `Observer`: the levels of every guest, and the state of the host. */
export class MemoryObserver {
  readonly #options: MemoryObserverOptions
  #levels = new MemoryLevels()
  readonly #hostState = new HostState()

  /** @throws TypeError for an option that is no number of bytes. */
  constructor(options: MemoryObserverOptions) {
    for (const name of ['hostMemoryReserve', 'domainOverhead'] as const) {
      if (!Number.isFinite(options[name]) || options[name] < 0) {
        throw wrongOption(name, 'a number of bytes, 0 or more', options[name])
      }
    }
    this.#options = options
  }

  /**
   * Takes in a sample, with what is known of its domains by row: balloons were on their way to `targets`; `interval` is the
   * one between decisions, in milliseconds.
   */
  take(
    memory: MemorySample,
    targets: ReadonlyMap<string, number>,
    interval: number | undefined,
    facts: readonly DomainFacts[],
  ): void {
    this.#levels.take(memory, targets, interval, facts)
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

  /** The levels as they are now: with the next sample they change, and {@link interrupt} begins others. */
  get levels(): MemoryLevels {
    return this.#levels
  }

  get hostState(): HostMemoryState {
    return this.#hostState.state
  }

  /** What a policy sees of one domain, which is likely to be at `row` of the memory sample. */
  ofDomain(identity: DomainIdentity, row: number, context: MemoryContext): DomainMemoryView {
    return this.#levels.view(identity, row, context)
  }

  /** What it sees of the host, whose topology says that it has `whole` bytes; `reserved` bytes are kept for guests to come. */
  ofHost(
    sample: MemorySample | undefined,
    whole: number,
    domains: readonly { readonly memory: DomainMemoryView }[],
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
