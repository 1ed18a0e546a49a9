import type { CpuQuota } from '../host/cpu-quota.ts'
import type { CpuSet } from '../host/cpuset.ts'
import type { DomainTraits } from '../host/domain-traits.ts'
import { BallastError } from '../host/errors.ts'
import type { Clock, Domain, DomainRef, Host, HostEvent, HostListener } from '../host/host.ts'
import type { Ksm, KsmSettings } from '../host/ksm.ts'
import type { CpuSample, MemorySample } from '../host/sample.ts'
import type { Topology } from '../host/topology.ts'
import type { ClockEntry, Entry, Header } from './entries.ts'
import { fromPlain, type Plain, plainRef, toPlain } from './plain.ts'
import { SampleReader } from './sample-reader.ts'

interface Pending {
  readonly key: string
  resolve(value: unknown): void
  reject(error: unknown): void
}

/** A wait of the loop. */
interface Sleeper {
  readonly time: number
  wake(): void
}

/**
 * A host that answers from a recording: a call stays pending until the entry that answered it comes up, and time
 * passes as it did. Calls that were not made then stay pending; {@link ReplayHost.unasked} counts answers that
 * nobody waited for. Nothing is changed anywhere.
 */
export class ReplayHost implements Host {
  readonly uri: string
  readonly readOnly: boolean
  readonly clock: ReplayClock = new ReplayClock()
  /** Answers that came up and were not asked for: the replay went another way. */
  unasked = 0
  #topology: Topology | undefined
  readonly #samples = new SampleReader()
  readonly #listeners = new Set<HostListener>()
  #pending: Pending[] = []
  /** Answers of before the recording begins, to the first such call. */
  readonly #known = new Map<string, unknown>()

  constructor({ uri, readOnly }: Header) {
    this.uri = uri
    this.readOnly = readOnly
  }

  get topology(): Topology {
    if (!this.#topology)
      throw new BallastError('ERR_RECORDING', 'The recording does not say what host it is of')
    return this.#topology
  }

  /** Has one entry happen, with the readings of the clock that follow it. */
  play(entry: Entry, readings: readonly ClockEntry[]): void {
    this.clock.set(entry.t, readings)
    // A loop that begins is not to get the answers of one that went on without an end.
    if ('run' in entry) this.#pending = []
    if ('wallOffset' in entry) this.clock.wallOffset = entry.wallOffset
    else if ('wake' in entry) this.clock.wake(entry.wake)
    else if ('topology' in entry) this.#topology = fromPlain(entry.topology) as Topology
    else if ('domains' in entry) this.#samples.domains(entry)
    else if ('cpu' in entry) this.#answer(keyOf('sampleCpu', []), this.#samples.cpu(entry))
    else if ('memory' in entry) this.#answer(keyOf('sampleMemory', []), this.#samples.memory(entry))
    else if ('call' in entry && entry.known)
      this.#known.set(keyOf(entry.call, entry.of), fromPlain(entry.answer))
    else if ('call' in entry) {
      const error = entry.error === undefined ? undefined : fromPlain(entry.error)
      this.#answer(keyOf(entry.call, entry.of), fromPlain(entry.answer), error)
    } else if ('event' in entry) {
      for (const listener of this.#listeners) listener(fromPlain(entry.event) as HostEvent)
    }
  }

  sampleCpu(): Promise<CpuSample> {
    return this.#ask('sampleCpu')
  }

  sampleMemory(): Promise<MemorySample> {
    return this.#ask('sampleMemory')
  }

  pinVcpu(domain: DomainRef, vcpu: number, cpus: CpuSet): Promise<void> {
    return this.#ask('pinVcpu', plainRef(domain), vcpu, cpus)
  }

  vcpuPins(uuid: string): Promise<ReadonlyMap<number, CpuSet>> {
    return this.#ask('vcpuPins', uuid)
  }

  setMemory(domain: DomainRef, bytes: number): Promise<void> {
    return this.#ask('setMemory', plainRef(domain), bytes)
  }

  setMemoryStatsPeriod(domain: DomainRef, seconds: number): Promise<void> {
    return this.#ask('setMemoryStatsPeriod', plainRef(domain), seconds)
  }

  cpuShares(uuid: string): Promise<number> {
    return this.#ask('cpuShares', uuid)
  }

  setCpuShares(domain: DomainRef, shares: number): Promise<void> {
    return this.#ask('setCpuShares', plainRef(domain), shares)
  }

  cpuQuota(uuid: string): Promise<CpuQuota> {
    return this.#ask('cpuQuota', uuid)
  }

  ksm(): Promise<Ksm | undefined> {
    return this.#ask('ksm')
  }

  setKsm(settings: KsmSettings): Promise<void> {
    return this.#ask('setKsm', settings)
  }

  domainMetadata(uuid: string): Promise<string | undefined> {
    return this.#ask('domainMetadata', uuid)
  }

  domainTraits(uuid: string): Promise<DomainTraits> {
    return this.#ask('domainTraits', uuid)
  }

  domains(): Promise<Domain[]> {
    return Promise.reject(notRecorded())
  }

  domain(): Promise<Domain> {
    return Promise.reject(notRecorded())
  }

  subscribe(listener: HostListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  close(): Promise<void> {
    return Promise.resolve()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #ask<T>(call: string, ...of: readonly unknown[]): Promise<T> {
    const key = keyOf(call, of.map(toPlain))
    if (this.#known.has(key)) {
      const known = this.#known.get(key)
      this.#known.delete(key)
      return known as T
    }
    return new Promise<unknown>((resolve, reject) => {
      this.#pending.push({ key, resolve, reject })
    }) as Promise<T>
  }

  #answer(key: string, value: unknown, error?: unknown): void {
    const index = this.#pending.findIndex((pending) => pending.key === key)
    const [pending] = index < 0 ? [] : this.#pending.splice(index, 1)
    if (!pending) this.unasked++
    else if (error === undefined) pending.resolve(value)
    else pending.reject(error)
  }
}

function keyOf(call: string, of: readonly Plain[]): string {
  return `${call} ${JSON.stringify(of)}`
}

function notRecorded(): BallastError {
  return new BallastError('ERR_NOT_SUPPORTED', 'A recording does not list domains outside of its samples')
}

/** The time of the entry that is played, and of the readings after it. */
class ReplayClock implements Clock {
  wallOffset = 0
  #now = 0
  #reads = 0
  #readings: readonly ClockEntry[] = []
  #sleepers: Sleeper[] = []

  set(time: number, readings: readonly ClockEntry[]): void {
    this.#now = time
    this.#reads = 0
    this.#readings = readings
  }

  now(): number {
    this.#reads++
    const [next, ...others] = this.#readings
    if (next?.reads === this.#reads) this.set(next.t, others)
    return this.#now
  }

  wallTime(): number {
    return Math.round(this.#now + this.wallOffset)
  }

  sleepUntil(time: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      const abort = () => {
        this.#sleepers = this.#sleepers.filter((one) => one !== sleeper)
        reject(signal?.reason)
      }
      const wake = () => {
        signal?.removeEventListener('abort', abort)
        resolve()
      }
      const sleeper: Sleeper = { time, wake }
      signal?.addEventListener('abort', abort, { once: true })
      this.#sleepers.push(sleeper)
    })
  }

  /**
   * Wakes who waits for this time. Where nobody does, as in a replay that begins in the middle, whoever is due: a loop that
   * began at another moment has other times.
   */
  wake(time: number): void {
    const due = () => this.#sleepers.find((one) => one.time <= this.#now)
    const sleeper = this.#sleepers.find((one) => one.time === time) ?? due()
    if (!sleeper) return
    this.#sleepers = this.#sleepers.filter((one) => one !== sleeper)
    sleeper.wake()
  }
}
