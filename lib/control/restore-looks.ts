import type { Host } from '../host/host.ts'
import { Observer } from '../view/observer.ts'
import type { View } from '../view/view.ts'
import { cpuSharesBook } from './cpu-shares.ts'
import { domainOverhead, hostReserve } from './defaults.ts'
import type { JournalEntry } from './journal.ts'
import { Ledger } from './ledger.ts'
import type { RunBook } from './run-book.ts'

/** Looks at the host with what a journal says in mind: what balloons were asked for by a loop that has ended. */
export class Looks implements Disposable {
  /** What was asked for, by that loop and since. */
  readonly ledger = new Ledger()
  readonly #host: Host
  readonly #entries: readonly JournalEntry[]
  readonly #cpuShares: RunBook<number | undefined>
  readonly #observer: Observer
  #isFirst = true

  /** `patience`: milliseconds that `cpu_shares` are waited for. */
  constructor(host: Host, entries: readonly JournalEntry[], patience: number) {
    this.#host = host
    this.#entries = entries
    this.#cpuShares = cpuSharesBook(host, patience)
    this.#observer = new Observer(host.topology, {
      hostReserve: hostReserve(host.topology.memory),
      domainOverhead,
      cpuShares: (domain) => this.#cpuShares.of(domain),
    })
  }

  /** Rejects when the host cannot be sampled. */
  async look(): Promise<View> {
    const { clock } = this.#host
    const askedAt = clock.now()
    const [cpu, memory] = await Promise.all([this.#host.sampleCpu(), this.#host.sampleMemory()])
    const concerned = new Set(this.#entries.flatMap(({ kind, uuid }) => (kind === 'cpuShares' ? uuid : [])))
    await this.#cpuShares.follow(cpu.domains.filter(({ uuid }) => concerned.has(uuid)))
    if (this.#isFirst) {
      for (const domain of cpu.domains) {
        const last = this.#entries
          .find(({ kind, uuid, id }) => kind === 'memory' && uuid === domain.uuid && id === domain.id)
          ?.asked?.at(-1)
        if (typeof last?.to === 'number') this.ledger.askedMemory(domain, last.to, Number.NEGATIVE_INFINITY)
      }
      this.#isFirst = false
    }
    const wallTime = clock.wallTime()
    const view = this.#observer.observe({ cpu, memory, targets: this.ledger.targets, wallTime })
    this.ledger.observe(view, askedAt)
    return view
  }

  [Symbol.dispose](): void {
    this.#cpuShares[Symbol.dispose]()
  }
}
