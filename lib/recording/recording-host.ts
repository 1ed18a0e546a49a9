import type { Tick } from '../control/tick.ts'
import type { CpuQuota } from '../host/cpu-quota.ts'
import type { CpuSet } from '../host/cpuset.ts'
import type { DomainTraits } from '../host/domain-traits.ts'
import { asBallastError } from '../host/errors.ts'
import { Domain, type DomainRef, type Host, type HostEvent, type HostListener } from '../host/host.ts'
import type { Ksm, KsmSettings } from '../host/ksm.ts'
import type { CpuSample, DomainIdentity, MemorySample } from '../host/sample.ts'
import type { Topology } from '../host/topology.ts'
import type { CallEntry, Entry, RunEntry, Tape } from './entries.ts'
import { plainRef, toPlain } from './plain.ts'
import { RecordingClock } from './recording-clock.ts'
import { SampleWriter } from './sample-writer.ts'
import { TickWriter } from './tick-writer.ts'

/**
 * A host of which everything that a loop hears is written on a tape, in its order: samples, answers, failures, events,
 * and how time passed. What the loop is handed is what the tape holds, to the bit. Calls to list domains are not
 * recorded: a loop makes none.
 */
export class RecordingHost implements Host {
  readonly uri: string
  readonly readOnly: boolean
  readonly clock: RecordingClock
  readonly #host: Host
  readonly #tape: Tape
  readonly #samples = new SampleWriter()
  readonly #ticks = new TickWriter()
  readonly #listeners = new Set<HostListener>()
  readonly #unsubscribe: () => void
  #topology: Topology
  /** The last answer to each question, for a file that begins later. */
  readonly #answers = new Map<string, CallEntry>()
  #active: readonly DomainIdentity[] | undefined
  /** The loop that runs. */
  #run: RunEntry['run'] | undefined

  constructor(host: Host, tape: Tape) {
    this.uri = host.uri
    this.readOnly = host.readOnly
    this.#host = host
    this.#tape = tape
    this.clock = new RecordingClock(host.clock, tape)
    this.#topology = host.topology
    this.#writeTopology()
    this.#unsubscribe = host.subscribe((event) => this.#arrived(event))
  }

  get topology(): Topology {
    return this.#topology
  }

  /** What a file that begins now has to begin with; the samples and Ticks that follow are written whole. */
  beginning(): Entry[] {
    this.#samples.reset()
    this.#ticks.reset()
    const { moment: t, wallOffset } = this.clock
    const known = Array.from(this.#answers.values(), (entry) => ({ ...entry, t, known: true }) as const)
    const run = this.#run ? [{ t, run: this.#run }] : []
    return [{ t, wallOffset }, { t, topology: toPlain(this.#topology) }, ...known, ...run]
  }

  /** A loop begins on this host. */
  begin(run: RunEntry['run']): void {
    this.#run = run
    this.#tape.write({ t: this.clock.mark(), run })
  }

  /** What the loop made of what it heard up to now. */
  writeTick(tick: Tick): void {
    this.#tape.write({ t: this.clock.moment, tick: this.#ticks.write(tick) })
  }

  async domains(): Promise<Domain[]> {
    return (await this.#host.domains()).map((domain) => new Domain(this, domain, domain.state))
  }

  async domain(nameOrUuid: string): Promise<Domain> {
    const found = await this.#host.domain(nameOrUuid)
    return new Domain(this, found, found.state)
  }

  sampleCpu(): Promise<CpuSample> {
    return this.#record('sampleCpu', [], this.#host.sampleCpu(), (sample, t) => {
      this.#forgetEnded(sample.domains)
      const { rounded, entries } = this.#samples.cpu(sample, t)
      for (const entry of entries) this.#tape.write(entry)
      return rounded
    })
  }

  sampleMemory(): Promise<MemorySample> {
    return this.#record('sampleMemory', [], this.#host.sampleMemory(), (sample, t) => {
      const { rounded, entries } = this.#samples.memory(sample, t)
      for (const entry of entries) this.#tape.write(entry)
      return rounded
    })
  }

  pinVcpu(domain: DomainRef, vcpu: number, cpus: CpuSet): Promise<void> {
    return this.#call('pinVcpu', [plainRef(domain), vcpu, cpus], this.#host.pinVcpu(domain, vcpu, cpus))
  }

  vcpuPins(uuid: string): Promise<ReadonlyMap<number, CpuSet>> {
    return this.#ask('vcpuPins', uuid, this.#host.vcpuPins(uuid))
  }

  setMemory(domain: DomainRef, bytes: number): Promise<void> {
    return this.#call('setMemory', [plainRef(domain), bytes], this.#host.setMemory(domain, bytes))
  }

  setMemoryStatsPeriod(domain: DomainRef, seconds: number): Promise<void> {
    const set = this.#host.setMemoryStatsPeriod(domain, seconds)
    return this.#call('setMemoryStatsPeriod', [plainRef(domain), seconds], set)
  }

  cpuShares(uuid: string): Promise<number> {
    return this.#ask('cpuShares', uuid, this.#host.cpuShares(uuid))
  }

  setCpuShares(domain: DomainRef, shares: number): Promise<void> {
    return this.#call('setCpuShares', [plainRef(domain), shares], this.#host.setCpuShares(domain, shares))
  }

  cpuQuota(uuid: string): Promise<CpuQuota> {
    return this.#ask('cpuQuota', uuid, this.#host.cpuQuota(uuid))
  }

  ksm(): Promise<Ksm | undefined> {
    return this.#call('ksm', [], this.#host.ksm())
  }

  setKsm(settings: KsmSettings): Promise<void> {
    return this.#call('setKsm', [settings], this.#host.setKsm(settings))
  }

  domainMetadata(uuid: string): Promise<string | undefined> {
    return this.#ask('domainMetadata', uuid, this.#host.domainMetadata(uuid))
  }

  domainTraits(uuid: string): Promise<DomainTraits> {
    return this.#ask('domainTraits', uuid, this.#host.domainTraits(uuid))
  }

  subscribe(listener: HostListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Stops recording; the host itself stays open. */
  close(): Promise<void> {
    this.#unsubscribe()
    this.#listeners.clear()
    return Promise.resolve()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #arrived(event: HostEvent): void {
    const t = this.clock.mark()
    this.#followTopology()
    this.#tape.write({ t, event: toPlain(event) })
    for (const listener of this.#listeners) listener(event)
  }

  /** A question about a domain: its last answer is part of what a later file begins with. */
  #ask<T>(call: string, uuid: string, answer: Promise<T>): Promise<T> {
    return this.#record(call, [uuid], answer, (value, t) => {
      const entry: CallEntry = { t, call, of: [uuid], ...(value !== undefined && { answer: toPlain(value) }) }
      this.#answers.set(`${call} ${uuid}`, entry)
      this.#tape.write(entry)
      return value
    })
  }

  #call<T>(call: string, of: readonly unknown[], answer: Promise<T>): Promise<T> {
    return this.#record(call, of, answer, (value, t) => {
      const plain = value === undefined ? {} : { answer: toPlain(value) }
      this.#tape.write({ t, call, of: of.map(toPlain), ...plain })
      return value
    })
  }

  async #record<T>(
    call: string,
    of: readonly unknown[],
    answer: Promise<T>,
    arrived: (value: T, t: number) => T,
  ): Promise<T> {
    let value: T
    try {
      value = await answer
    } catch (error) {
      const failure = asBallastError(error)
      const t = this.clock.mark()
      this.#followTopology()
      this.#tape.write({ t, call, of: of.map(toPlain), error: toPlain(failure) })
      throw failure
    }
    const t = this.clock.mark()
    this.#followTopology()
    return arrived(value, t)
  }

  /** Forgets the answers about domains that have ended; the array is the same while the domains are. */
  #forgetEnded(domains: readonly DomainIdentity[]): void {
    if (domains === this.#active) return
    this.#active = domains
    const active = new Set(domains.map(({ uuid }) => uuid))
    for (const [key, { of }] of this.#answers) {
      if (!active.has(String(of[0]))) this.#answers.delete(key)
    }
  }

  #followTopology(): void {
    if (this.#host.topology === this.#topology) return
    this.#topology = this.#host.topology
    this.#writeTopology()
  }

  #writeTopology(): void {
    this.#tape.write({ t: this.clock.moment, topology: toPlain(this.#topology) })
  }
}
