import type { Host } from '../../host/host.ts'
import type { DomainIdentity } from '../../host/sample.ts'
import { Observer } from '../../view/observer.ts'
import type { View } from '../../view/view.ts'
import { domainOverhead, hostMemoryReserve } from '../defaults.ts'
import { cpuSharesCache } from '../domain/cpu-shares.ts'
import type { RunCache } from '../domain/run-cache.ts'
import type { JournalEntry } from '../journal/journal.ts'
import { Ledger, negligible } from '../ledger/ledger.ts'
import { isRecent } from './setting-status.ts'

type MemoryEntry = Extract<JournalEntry, { readonly kind: 'memory' }>

/** Looks at the host with what a journal says in mind: what balloons were asked for by a loop that has ended. */
export class RestoreObserver implements Disposable {
  /** What was asked for, by that loop and since. */
  readonly ledger = new Ledger()
  readonly #host: Host
  readonly #balloons: readonly MemoryEntry[]
  /** UUIDs of domains whose `cpu_shares` are of interest. */
  readonly #weighed: ReadonlySet<string>
  readonly #cpuShares: RunCache<number | undefined>
  readonly #observer: Observer
  #isFirst = true

  /** `timeout`: milliseconds that `cpu_shares` are waited for. */
  constructor(host: Host, entries: readonly JournalEntry[], timeout: number) {
    this.#host = host
    this.#balloons = entries.filter((entry) => entry.kind === 'memory')
    this.#weighed = new Set(entries.filter(({ kind }) => kind === 'cpuShares').map(({ uuid }) => uuid))
    this.#cpuShares = cpuSharesCache(host, timeout)
    this.#observer = new Observer(host.topology, {
      hostMemoryReserve: hostMemoryReserve(host.topology.memory),
      domainOverhead,
      cpuShares: (domain) => this.#cpuShares.of(domain),
    })
  }

  /** Memory is looked at only where an entry is about it: that asks the guests. Rejects when the host cannot be sampled. */
  async view(): Promise<View> {
    const { clock } = this.#host
    const askedAt = clock.now()
    const sampling = this.#balloons.length > 0 ? this.#host.sampleMemory() : undefined
    const [cpu, memory] = await Promise.all([this.#host.sampleCpu(), sampling])
    await this.#cpuShares.follow(cpu.domains.filter(({ uuid }) => this.#weighed.has(uuid)))
    if (this.#isFirst) for (const domain of cpu.domains) this.#rememberAsk(domain)
    this.#isFirst = false
    const wallTime = clock.wallTime()
    const view = this.#observer.observe({
      cpu,
      memory,
      targets: this.ledger.targetsOf(cpu.domains),
      wallTime,
    })
    this.ledger.observe(view, memory && askedAt)
    return view
  }

  [Symbol.dispose](): void {
    this.#cpuShares[Symbol.dispose]()
  }

  /**
   * Where a balloon may be on its way to. The last ask may never have been made: then it is the one before. One for the
   * original is left out: to ask for it once more does no harm, not to ask does.
   */
  #rememberAsk(domain: DomainIdentity): void {
    const entry = this.#balloons.find(({ uuid, id }) => uuid === domain.uuid && id === domain.id)
    if (!entry?.asked) return
    const { original, asked } = entry
    const wallTime = this.#host.clock.wallTime()
    const away = asked.findLast((ask) => {
      const isOpen = ask === asked.at(-1) || isRecent(ask, wallTime)
      return isOpen && Math.abs(ask.to - original) >= negligible
    })
    if (away) this.ledger.memoryRequested(domain, away.to, Number.NEGATIVE_INFINITY)
  }
}
