import { type CpuQuota, noQuota } from '../../../lib/host/cpu-quota.ts'
import { CpuSet } from '../../../lib/host/cpuset.ts'
import type { DomainTraits } from '../../../lib/host/domain-traits.ts'
import { BallastError } from '../../../lib/host/errors.ts'
import {
  Domain,
  type DomainRef,
  type Host,
  type HostEvent,
  type HostListener,
} from '../../../lib/host/host.ts'
import type { Ksm, KsmSettings } from '../../../lib/host/ksm.ts'
import {
  type CpuSample,
  CpuSource,
  DomainState,
  type MemorySample,
  MemoryStatus,
} from '../../../lib/host/sample.ts'
import type { Topology } from '../../../lib/host/topology.ts'
import { VirtualClock } from '../../../lib/simulation/clock.ts'
import { GiB, MiB } from '../../../lib/util/units.ts'

export interface FakeGuest {
  uuid: string
  name: string
  id: number
  /** See `RunIdentity`. Default: the process cannot be seen. */
  run?: string
  state: DomainState
  vcpus: { affinity: CpuSet; pcpu: number; usage: number }[]
  /** Default: what the simulated host has. */
  source?: CpuSource
  maximum: number
  actual: number
  used: number
  rss: number
  status: MemoryStatus
  /** `cpu_shares`; undefined: the host has none. */
  cpuShares?: number
  /** Default: none. */
  cpuQuota?: CpuQuota
  /** Default: a virtio balloon, and nothing pinned. */
  traits?: Partial<DomainTraits>
  /** What its metadata says in Ballast's namespace. */
  metadata: string | undefined
  /** Whether the guest reports: the statistics period that it was given, or undefined. */
  period: number | undefined
}

/** A running guest of one vCPU that may run anywhere, with 1 GiB of which it uses 200 MiB. */
export function guest(number: number, change: Partial<FakeGuest> = {}): FakeGuest {
  return {
    uuid: `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`,
    name: `vm${number}`,
    id: number,
    state: DomainState.running,
    vcpus: [{ affinity: CpuSet.range(0, 3), pcpu: 0, usage: 0.5 }],
    maximum: 2 * GiB,
    actual: GiB,
    used: 200 * MiB,
    rss: GiB,
    status: MemoryStatus.fresh,
    metadata: undefined,
    period: 1,
    ...change,
  }
}

/** What a test may put in the way of a call: it is awaited before the call does what it does. */
export type Obstacle = (call: string, uuid: string) => Promise<void> | void

/**
 * A host that does what it is told at once, writes down what it was told, and fails or waits where a test wants
 * it to. Its clock is virtual.
 */
export class FakeHost implements Host {
  readonly uri = 'fake:///'
  readonly topology: Topology
  readonly clock: VirtualClock
  readonly readOnly: boolean
  readonly guests: FakeGuest[]
  /** Every call that changes something, as `pinVcpu vm1 0 2`. */
  readonly calls: string[] = []
  /** Every call that only looks. */
  readonly looks: { call: string; time: number }[] = []
  obstacle: Obstacle = () => {}
  readonly listeners = new Set<HostListener>()
  /** KSM; undefined: there is none. */
  ksmState: Ksm | undefined
  /** Bytes that the host says are available. */
  available = 16 * GiB

  constructor(
    guests: FakeGuest[],
    options: { readOnly?: boolean; pcpus?: number; memory?: number; clock?: VirtualClock } = {},
  ) {
    this.clock = options.clock ?? new VirtualClock(() => {})
    this.guests = guests
    this.readOnly = options.readOnly ?? false
    this.topology = topologyOf(options.pcpus ?? 4, options.memory ?? 16 * GiB)
  }

  async domains(): Promise<Domain[]> {
    return this.guests.map((one) => new Domain(this, one, one.state))
  }

  async domain(nameOrUuid: string): Promise<Domain> {
    const one = this.guests.find(({ name, uuid }) => name === nameOrUuid || uuid === nameOrUuid)
    if (!one) throw new BallastError('ERR_NO_DOMAIN', `no ${nameOrUuid}`)
    return new Domain(this, one, one.state)
  }

  async sampleCpu(): Promise<CpuSample> {
    await this.#look('sampleCpu')
    const { guests, topology } = this
    const rows = guests.flatMap(({ vcpus }) => vcpus)
    const starts = [0]
    for (const { vcpus } of guests) starts.push(starts.at(-1)! + vcpus.length)
    return {
      domains: guests.map(({ uuid, name, id, run }) => ({ uuid, name, id, run })),
      time: this.clock.now(),
      interval: 1_000,
      state: Uint8Array.from(guests, ({ state }) => state),
      source: Uint8Array.from(guests, ({ source = CpuSource.simulation }) => source),
      vcpuStart: Uint32Array.from(starts),
      vcpu: Uint32Array.from(guests.flatMap(({ vcpus }) => vcpus.map((_, index) => index))),
      usage: Float64Array.from(rows, ({ usage }) => usage),
      delay: new Float64Array(rows.length),
      pcpu: Int32Array.from(rows, ({ pcpu }) => pcpu),
      affinityWords: 1,
      affinity: Uint32Array.from(rows, ({ affinity }) => affinity.toWords(32)[0]!),
      pcpuBusy: new Float64Array(topology.cpuCount),
    }
  }

  async sampleMemory(): Promise<MemorySample> {
    await this.#look('sampleMemory')
    const { guests } = this
    const wallTime = this.clock.wallTime()
    const column = (figure: (one: FakeGuest) => number) => Float64Array.from(guests, figure)
    const reported = (figure: (one: FakeGuest) => number) => {
      return column((one) => (one.period === undefined ? Number.NaN : figure(one)))
    }
    return {
      domains: guests.map(({ uuid, name, id, run }) => ({ uuid, name, id, run })),
      time: this.clock.now(),
      wallTime,
      status: Uint8Array.from(guests, ({ status }) => status),
      state: Uint8Array.from(guests, ({ state }) => state),
      maximum: column(({ maximum }) => maximum),
      actual: column(({ actual }) => actual),
      available: reported(({ actual }) => actual),
      unused: reported(({ actual, used }) => actual - used),
      usable: reported(({ actual, used }) => actual - used),
      diskCaches: reported(() => 0),
      swapIn: reported(() => 0),
      swapOut: reported(() => 0),
      majorFaults: reported(() => 0),
      rss: column(({ rss }) => rss),
      hugePages: column(() => 0),
      rssFile: column(() => 0),
      lastUpdate: reported(() => wallTime),
      host: {
        total: this.topology.memory,
        free: this.available,
        available: this.available,
        pressure: Number.NaN,
      },
    }
  }

  async pinVcpu(domain: DomainRef, vcpu: number, cpus: CpuSet): Promise<void> {
    const one = await this.#change('pinVcpu', domain, `${vcpu} ${cpus}`)
    one.vcpus[vcpu]!.affinity = cpus
    one.vcpus[vcpu]!.pcpu = cpus.first!
  }

  async vcpuPins(): Promise<ReadonlyMap<number, CpuSet>> {
    await this.#look('vcpuPins')
    return new Map()
  }

  async setMemory(domain: DomainRef, bytes: number): Promise<void> {
    const one = await this.#change('setMemory', domain, `${bytes / MiB}`)
    one.actual = bytes
    one.rss = Math.min(one.rss, bytes)
  }

  async cpuShares(uuid: string): Promise<number> {
    await this.#look('cpuShares')
    const shares = this.guests.find((one) => one.uuid === uuid)?.cpuShares
    if (shares === undefined) throw new BallastError('ERR_NOT_SUPPORTED', 'no cgroups here')
    return shares
  }

  async cpuQuota(uuid: string): Promise<CpuQuota> {
    await this.#look('cpuQuota')
    return this.guests.find((one) => one.uuid === uuid)?.cpuQuota ?? noQuota
  }

  async setCpuShares(domain: DomainRef, shares: number): Promise<void> {
    const one = await this.#change('setCpuShares', domain, `${shares}`)
    one.cpuShares = shares
    this.emit({ kind: 'cpuShares', domain: one, shares })
  }

  async ksm(): Promise<Ksm | undefined> {
    await this.#look('ksm')
    return this.ksmState
  }

  async setKsm({ running, pagesToScan, sleep }: KsmSettings): Promise<void> {
    this.calls.push(['setKsm', pagesToScan, sleep, running].filter((part) => part !== undefined).join(' '))
    await this.obstacle('setKsm', '')
    if (!this.ksmState) return
    this.ksmState = { ...this.ksmState, pagesToScan, sleep, running: running ?? this.ksmState.running }
  }

  async domainMetadata(uuid: string): Promise<string | undefined> {
    await this.#look('domainMetadata')
    return this.guests.find((one) => one.uuid === uuid)?.metadata
  }

  async domainTraits(uuid: string): Promise<DomainTraits> {
    await this.#look('domainTraits')
    const one = this.guests.find((candidate) => candidate.uuid === uuid)
    return { balloon: 'virtio', statsPeriodSeconds: one?.period, pinnedMemory: undefined, ...one?.traits }
  }

  async setMemoryStatsPeriod(domain: DomainRef, seconds: number): Promise<void> {
    const one = await this.#change('setMemoryStatsPeriod', domain, `${seconds}`)
    one.period = seconds
  }

  subscribe(listener: HostListener): () => void {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  emit(event: HostEvent): void {
    for (const listener of this.listeners) listener(event)
  }

  async close(): Promise<void> {}

  async [Symbol.asyncDispose](): Promise<void> {}

  async #look(call: string): Promise<void> {
    this.looks.push({ call, time: this.clock.now() })
    await this.obstacle(call, '')
  }

  async #change(call: string, domain: DomainRef, what: string): Promise<FakeGuest> {
    const { uuid, id = undefined } = typeof domain === 'string' ? { uuid: domain } : domain
    const one = this.guests.find((candidate) => candidate.uuid === uuid)
    if (!one || (id !== undefined && one.id !== id)) throw new BallastError('ERR_NO_DOMAIN', `no ${uuid}`)
    this.calls.push(`${call} ${one.name} ${what}`)
    await this.obstacle(call, uuid)
    return one
  }
}

export function topologyOf(pcpus: number, memory: number): Topology {
  const online = CpuSet.range(0, pcpus - 1)
  return {
    pcpus: Array.from(online, (id) => ({
      id,
      cell: 0,
      socket: 0,
      die: 0,
      core: id,
      cache: 0,
      siblings: CpuSet.of(id),
    })),
    online,
    cpuCount: pcpus,
    cells: [{ id: 0, cpus: online, memory, distances: new Map() }],
    memory,
  }
}
