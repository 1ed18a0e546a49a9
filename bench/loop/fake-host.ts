import { type CpuQuota, noQuota } from '../../lib/host/cpu-quota.ts'
import type { CpuSet } from '../../lib/host/cpuset.ts'
import type { DomainTraits } from '../../lib/host/domain-traits.ts'
import type { Clock, DomainRef, Host } from '../../lib/host/host.ts'
import type { CpuSample, MemorySample } from '../../lib/host/sample.ts'
import type { Topology } from '../../lib/host/topology.ts'
import type { SyntheticLoad } from './synthetic-load.ts'

/**
 * The least that a control loop can run on: samples of a {@link SyntheticLoad}, calls that take no time, and a clock
 * that jumps to whatever is waited for next. Drives the build under test and the baseline alike: what of the interface
 * is used here has stayed the same.
 */
export class FakeHost implements Host {
  readonly uri = 'bench:///loop'
  readonly readOnly = false
  readonly topology: Topology
  readonly clock = new JumpingClock()
  readonly #load: SyntheticLoad
  #cpu: CpuSample | undefined
  #memory: MemorySample[] = []
  #sampledAt = Number.NaN

  constructor(load: SyntheticLoad) {
    this.#load = load
    this.topology = load.topology
  }

  /** Makes what the loop will sample until the next tick: that is not to be part of what is measured. */
  prepare(): void {
    this.#cpu = this.#load.cpuSample()
    this.#memory = Array.from({ length: memorySamplesPerTick }, () => this.#load.memorySample())
  }

  async sampleCpu(): Promise<CpuSample> {
    const sample = this.#cpu
    if (!sample) throw new Error('No CPU sample was prepared')
    this.#cpu = undefined
    const time = this.clock.now()
    const interval = time - this.#sampledAt
    this.#sampledAt = time
    return { ...sample, time, interval }
  }

  async sampleMemory(): Promise<MemorySample> {
    const sample = this.#memory.shift()
    if (!sample) throw new Error('No memory sample was prepared')
    const wallTime = this.clock.wallTime()
    sample.lastUpdate.fill(Math.floor(wallTime / 1_000) * 1_000)
    return { ...sample, time: this.clock.now(), wallTime }
  }

  async pinVcpu(domain: DomainRef, vcpu: number, cpus: CpuSet): Promise<void> {
    this.#load.pin(uuidOf(domain), vcpu, cpus.toWords(this.topology.cpuCount))
  }

  async vcpuPins(): Promise<ReadonlyMap<number, CpuSet>> {
    return new Map()
  }

  async setMemory(domain: DomainRef, bytes: number): Promise<void> {
    this.#load.setMemory(uuidOf(domain), bytes)
  }

  async setMemoryStatsPeriod(): Promise<void> {}

  async cpuQuota(): Promise<CpuQuota> {
    return noQuota
  }

  async cpuShares(): Promise<number> {
    return 1_024
  }

  async setCpuShares(): Promise<void> {}

  async domainMetadata(): Promise<undefined> {}

  async domainTraits(): Promise<DomainTraits> {
    return { balloon: 'virtio', statsPeriodSeconds: 1, pinnedMemory: undefined }
  }

  subscribe(): () => void {
    return () => {}
  }

  domains = notCalled
  domain = notCalled
  ksm = notCalled
  setKsm = notCalled

  async close(): Promise<void> {}

  async [Symbol.asyncDispose](): Promise<void> {}
}

/** One at each tick, and one between two of them. */
const memorySamplesPerTick = 2

function uuidOf(domain: DomainRef): string {
  return typeof domain === 'string' ? domain : domain.uuid
}

async function notCalled(): Promise<never> {
  throw new Error('The loop of the bench calls this never')
}

/** Time that passes only while everybody waits for it, and then at once. */
class JumpingClock implements Clock {
  #now = 0
  readonly #sleepers = new Set<{ readonly time: number; readonly wake: () => void }>()

  now(): number {
    return this.#now
  }

  wallTime(): number {
    return 1_700_000_000_000 + this.#now
  }

  async sleepUntil(time: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted()
    if (time <= this.#now) return
    await new Promise<void>((resolve, reject) => {
      const sleeper = {
        time,
        wake: () => {
          signal?.removeEventListener('abort', abort)
          resolve()
        },
      }
      const abort = () => {
        this.#sleepers.delete(sleeper)
        reject(signal?.reason)
      }
      signal?.addEventListener('abort', abort, { once: true })
      this.#sleepers.add(sleeper)
      if (this.#sleepers.size === 1) setImmediate(() => this.#jump())
    })
  }

  /** To the first that still sleeps once all that could be done without waiting was done. */
  #jump(): void {
    const [first, ...rest] = [...this.#sleepers].sort((a, b) => a.time - b.time)
    if (!first) return
    this.#sleepers.delete(first)
    this.#now = first.time
    first.wake()
    if (rest.length > 0) setImmediate(() => this.#jump())
  }
}
