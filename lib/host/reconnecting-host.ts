import { backoff } from '../util/backoff.ts'
import { assertHost } from './assert-host.ts'
import type { CpuQuota } from './cpu-quota.ts'
import type { CpuSet } from './cpuset.ts'
import type { DomainTraits } from './domain-traits.ts'
import { BallastError, wrongOption } from './errors.ts'
import { type Clock, Domain, type DomainRef, type Host, type HostEvent, type HostListener } from './host.ts'
import type { Ksm, KsmSettings } from './ksm.ts'
import type { CpuSample, MemorySample } from './sample.ts'
import type { Pcpu, Topology } from './topology.ts'

/** Milliseconds between attempts to connect again. */
const pauses = { first: 500, longest: 30_000, growth: 1.5 }

/** Why a connection ended, for people. */
const reasons = {
  error: 'the connection broke',
  eof: 'the daemon went away',
  keepalive: 'the daemon does not answer',
  client: 'it was closed',
} as const

/**
 * A {@link Host} that outlives its connection: when the daemon is stopped, killed, upgraded or frozen, it reconnects,
 * for as long as it takes, after pauses that grow from half a second to 30 s. Each is shortened by up to a half at random,
 * so that many controllers do not come at once. Subscriptions are made again.
 *
 * Meanwhile every call rejects with `ERR_DISCONNECTED`, also one that was under way: whether it did something is not
 * known then. Its `cause` is what the last attempt failed with. A listener gets `disconnected` and `connected`, once
 * each. pCPUs may be switched on and off meanwhile. Where the host comes back with other pCPUs than it can have,
 * nothing that was derived from its topology is valid any more: it is given up, and calls reject with
 * `ERR_CONNECTION_LOST`.
 *
 * Rejects as `connect` does when that fails the first time.
 *
 * @example `await using host = await reconnecting(() => connect('qemu:///system'))`
 */
export async function reconnecting(connect: () => Promise<Host>): Promise<Host> {
  if (typeof connect !== 'function') {
    throw wrongOption('connect', 'a function that connects, such as () => connect(uri)', connect)
  }
  const host = await connect()
  assertHost(host)
  return new ReconnectingHost(host, connect)
}

class ReconnectingHost implements Host {
  readonly uri: string
  readonly clock: Clock
  readonly readOnly: boolean
  readonly #connect: () => Promise<Host>
  /** Of the last connection. */
  #topology: Topology
  readonly #listeners = new Set<HostListener>()
  readonly #ended = new AbortController()
  #present: { readonly host: Host; readonly unsubscribe: () => void } | undefined
  /** What calls reject with while there is no connection. */
  #failure: () => BallastError
  readonly #closed = () => new BallastError('ERR_ALREADY_CLOSED', `The connection to ${this.uri} is closed`)
  /** What the last attempt to reconnect failed with. */
  #attempt: unknown
  #closing: Promise<void> | undefined

  constructor(host: Host, connect: () => Promise<Host>) {
    this.uri = host.uri
    this.#topology = host.topology
    this.clock = host.clock
    this.readOnly = host.readOnly
    this.#connect = connect
    this.#failure = this.#closed
    this.#use(host)
  }

  get topology(): Topology {
    if (this.#present) this.#topology = this.#present.host.topology
    return this.#topology
  }

  async domains(): Promise<Domain[]> {
    const listed = await this.#look((host) => host.domains())
    return listed.map((domain) => new Domain(this, domain, domain.state))
  }

  async domain(nameOrUuid: string): Promise<Domain> {
    const found = await this.#look((host) => host.domain(nameOrUuid))
    return new Domain(this, found, found.state)
  }

  sampleCpu(): Promise<CpuSample> {
    return this.#look((host) => host.sampleCpu())
  }

  sampleMemory(): Promise<MemorySample> {
    return this.#look((host) => host.sampleMemory())
  }

  pinVcpu(domain: DomainRef, vcpu: number, cpus: CpuSet): Promise<void> {
    return this.#call((host) => host.pinVcpu(domain, vcpu, cpus))
  }

  vcpuPins(uuid: string): Promise<ReadonlyMap<number, CpuSet>> {
    return this.#look((host) => host.vcpuPins(uuid))
  }

  setMemory(domain: DomainRef, bytes: number): Promise<void> {
    return this.#call((host) => host.setMemory(domain, bytes))
  }

  setMemoryStatsPeriod(domain: DomainRef, seconds: number): Promise<void> {
    return this.#call((host) => host.setMemoryStatsPeriod(domain, seconds))
  }

  cpuShares(uuid: string): Promise<number> {
    return this.#look((host) => host.cpuShares(uuid))
  }

  cpuQuota(uuid: string): Promise<CpuQuota> {
    return this.#look((host) => host.cpuQuota(uuid))
  }

  setCpuShares(domain: DomainRef, shares: number): Promise<void> {
    return this.#call((host) => host.setCpuShares(domain, shares))
  }

  ksm(): Promise<Ksm | undefined> {
    return this.#look((host) => host.ksm())
  }

  setKsm(settings: KsmSettings): Promise<void> {
    return this.#call((host) => host.setKsm(settings))
  }

  domainMetadata(uuid: string): Promise<string | undefined> {
    return this.#look((host) => host.domainMetadata(uuid))
  }

  domainTraits(uuid: string): Promise<DomainTraits> {
    return this.#look((host) => host.domainTraits(uuid))
  }

  subscribe(listener: HostListener): () => void {
    // A function of its own, so that the same listener can subscribe twice.
    const own: HostListener = (event) => listener(event)
    this.#listeners.add(own)
    return () => this.#listeners.delete(own)
  }

  close(): Promise<void> {
    if (this.#closing) return this.#closing
    this.#ended.abort()
    const present = this.#present
    this.#present = undefined
    this.#failure = this.#closed
    present?.unsubscribe()
    this.#closing = present?.host.close() ?? Promise.resolve()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #call<T>(make: (host: Host) => Promise<T>): Promise<T> {
    const host = this.#present?.host
    if (!host) throw this.#failure()
    try {
      return await make(host)
    } catch (error) {
      if (error instanceof BallastError && error.code === 'ERR_CONNECTION_LOST')
        this.#lose(host, error.message)
      throw this.#isOver(host) ? this.#overtaken(error) : error
    }
  }

  /** A call that only reads: its result over a connection that is gone is dropped. */
  async #look<T>(make: (host: Host) => Promise<T>): Promise<T> {
    const host = this.#present?.host
    const seen = await this.#call(make)
    if (host && this.#isOver(host)) throw this.#overtaken(undefined)
    return seen
  }

  #isOver(host: Host): boolean {
    return !this.#ended.signal.aborted && this.#present?.host !== host
  }

  #overtaken(cause: unknown): BallastError {
    if (!this.#present) return this.#failure()
    const message = `The connection to ${this.uri} was lost under way`
    return new BallastError('ERR_DISCONNECTED', message, { cause })
  }

  #use(host: Host): void {
    const unsubscribe = host.subscribe((event) => {
      if (event.kind === 'closed') this.#lose(host, reasons[event.reason])
      else this.#tell(event)
    })
    this.#present = { host, unsubscribe }
  }

  #tell(event: HostEvent): void {
    for (const listener of [...this.#listeners]) listener(event)
  }

  /** Once for each connection. */
  #lose(host: Host, reason: string): void {
    if (this.#present?.host !== host) return
    this.#present.unsubscribe()
    this.#present = undefined
    const message = `The connection to ${this.uri} is lost: ${reason}`
    this.#failure = () => new BallastError('ERR_DISCONNECTED', message, { cause: this.#attempt })
    this.#attempt = undefined
    abandon(host)
    this.#tell({ kind: 'disconnected', reason })
    void this.#connectAgain()
  }

  /** Never rejects. */
  async #connectAgain(): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const again = this.clock.now() + backoff(attempt, pauses) * (1 - Math.random() / 2)
      const isTime = await this.clock.sleepUntil(again, this.#ended.signal).then(
        () => true,
        () => false, // closed in between: a clock rejects for nothing else
      )
      if (!isTime) return
      const host = await this.#connect().catch((error: unknown) => {
        this.#attempt = error
      })
      if (!host) continue
      this.#takeUp(host)
      return
    }
  }

  #takeUp(host: Host): void {
    if (this.#ended.signal.aborted) {
      abandon(host)
    } else if (!isSameMachine(host.topology, this.topology)) {
      const message = `${this.uri} came back with other pCPUs than it had`
      this.#failure = () => new BallastError('ERR_CONNECTION_LOST', message)
      abandon(host)
      this.#tell({ kind: 'closed', reason: 'error' })
    } else {
      this.#use(host)
      this.#tell({ kind: 'connected' })
    }
  }
}

/** Closes a connection that is of no use. A failure is expected: the daemon is gone, or hangs. */
function abandon(host: Host): void {
  void host.close().catch(() => undefined)
}

/**
 * Whether plans for one are plans for the other, as far as pCPUs are online in both: these may have been switched on or
 * off meanwhile.
 */
function isSameMachine(a: Topology, b: Topology): boolean {
  const placeOf = ({ cell, socket, die, core }: Pcpu) => `${cell} ${socket} ${die} ${core}`
  const places = new Map(a.pcpus.map((pcpu) => [pcpu.id, placeOf(pcpu)]))
  const isElsewhere = (pcpu: Pcpu) => (places.get(pcpu.id) ?? placeOf(pcpu)) !== placeOf(pcpu)
  return a.cpuCount === b.cpuCount && !b.pcpus.some(isElsewhere)
}
