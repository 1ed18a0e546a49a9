import type { DomainTraits } from '../../host/domain-traits.ts'
import type { Host } from '../../host/host.ts'
import { type DomainIdentity, isSameRun } from '../../host/sample.ts'
import { negligible } from '../../view/memory/sizes.ts'
import { Observer } from '../../view/observer.ts'
import type { View } from '../../view/view.ts'
import { domainOverhead, hostMemoryReserve } from '../defaults.ts'
import { cpuSharesCache } from '../domain/cpu-shares.ts'
import type { RunCache } from '../domain/run-cache.ts'
import { traitsCache } from '../domain/traits.ts'
import type { JournalEntry } from '../journal/journal.ts'
import { Ledger } from '../ledger/ledger.ts'
import { isRecent } from './setting-status.ts'

type MemoryEntry = Extract<JournalEntry, { readonly kind: 'memory' }>

/** Makes Views of a host for `restore`: knows from the journal which sizes a loop that has ended has requested. */
export class RestoreObserver implements Disposable {
  /** Sizes that were requested, by that loop and since. */
  readonly ledger = new Ledger()
  readonly #host: Host
  readonly #balloons: readonly MemoryEntry[]
  /** UUIDs of domains with `cpu_shares` in the journal. */
  readonly #withShares: ReadonlySet<string>
  readonly #cpuShares: RunCache<number | undefined>
  /** Of domains with a balloon in the journal: what virtio-mem devices have plugged is none of theirs. */
  readonly #traits: RunCache<DomainTraits>
  readonly #observer: Observer
  #isFirst = true

  /** `timeout`: milliseconds to wait for `cpu_shares` and devices. */
  constructor(host: Host, entries: readonly JournalEntry[], timeout: number) {
    this.#host = host
    this.#balloons = entries.filter((entry) => entry.kind === 'memory')
    this.#withShares = new Set(entries.filter(({ kind }) => kind === 'cpuShares').map(({ uuid }) => uuid))
    // One that cannot be read is not restored, and said to be so.
    this.#cpuShares = cpuSharesCache(host, timeout, () => {})
    this.#traits = traitsCache(host, timeout, () => {})
    this.#observer = new Observer(host.topology, {
      hostMemoryReserve: hostMemoryReserve(host.topology.memory),
      domainOverhead,
      cpuShares: (domain) => this.#cpuShares.of(domain),
      traits: (domain) => this.#traits.of(domain),
    })
  }

  /** Samples memory only when an entry is about it, since that asks the guests. Rejects when the host cannot be sampled. */
  async view(): Promise<View> {
    const { clock } = this.#host
    const requestedAt = clock.now()
    const sampling = this.#balloons.length > 0 ? this.#host.sampleMemory() : undefined
    const [cpu, memory] = await Promise.all([this.#host.sampleCpu(), sampling])
    await Promise.all([
      this.#cpuShares.follow(cpu.domains.filter(({ uuid }) => this.#withShares.has(uuid))),
      this.#traits.follow(cpu.domains.filter(({ uuid }) => this.#balloons.some((one) => one.uuid === uuid))),
    ])
    if (this.#isFirst) for (const domain of cpu.domains) this.#rememberRequest(domain)
    this.#isFirst = false
    const wallTime = clock.wallTime()
    const view = this.#observer.observe({
      cpu,
      topology: this.#host.topology,
      memory,
      targets: this.ledger.targetsOf(cpu.domains),
      wallTime,
    })
    this.ledger.observe(view, memory && requestedAt)
    return view
  }

  [Symbol.dispose](): void {
    this.#cpuShares[Symbol.dispose]()
    this.#traits[Symbol.dispose]()
  }

  /**
   * Enters the size that a balloon may be on its way to. The last request may never have been made; then it is the one
   * before. One for the original is left out: to request that once more does no harm, not to do so does.
   */
  #rememberRequest(domain: DomainIdentity): void {
    const entry = this.#balloons.find((one) => one.uuid === domain.uuid && isSameRun(one, domain))
    if (!entry?.requested) return
    const { original, requested } = entry
    const wallTime = this.#host.clock.wallTime()
    const away = requested.findLast((request) => {
      const isOpen = request === requested.at(-1) || isRecent(request, wallTime)
      return isOpen && Math.abs(request.to - original) >= negligible
    })
    if (away) this.ledger.memoryRequested(domain, away.to, Number.NEGATIVE_INFINITY)
  }
}
