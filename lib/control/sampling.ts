import { asBallastError, BallastError } from '../host/errors.ts'
import type { Clock, Host } from '../host/host.ts'
import type { CpuSample, MemorySample } from '../host/sample.ts'
import type { Topology } from '../host/topology.ts'
import { withTimeout } from '../util/timeout.ts'
import type { DomainInfo } from './domain/domain-info.ts'
import { memorySampleInterval } from './domain/stats-period.ts'
import type { KsmLoop } from './ksm-loop.ts'

/** A memory sample and when it was requested, in monotonic milliseconds: what it shows is as old at most. */
export interface DatedMemorySample {
  readonly sample: MemorySample
  readonly requestedAt: number
}

/** When a tick began and its samples were taken. */
export interface SampleTiming {
  /** Monotonic milliseconds and wall clock at the start, monotonic milliseconds when the samples were there. */
  readonly begun: number
  readonly wallTime: number
  readonly sampled: number
}

/** What was sampled for one tick. */
export interface Samples extends SampleTiming {
  /** The CPU sample, or why there is none. */
  readonly cpu: CpuSample | { readonly error: BallastError }
  /** The newest memory sample, which may be that of an earlier tick; undefined before the first. */
  readonly memory: DatedMemorySample | undefined
}

/** What was sampled between two ticks: memory alone. */
export type MemorySamples = Omit<Samples, 'cpu'>

/** What a {@link Sampling} reads beside CPUs and memory, and where failures go. */
export interface SamplingParts {
  /** Milliseconds between ticks. */
  readonly interval: number
  readonly info: DomainInfo
  readonly ksm: KsmLoop | undefined
  readonly report: (error: BallastError) => void
}

/**
 * Samples a host: CPUs once per tick, memory on a cadence of its own. Memory is requested again only when the host has
 * answered, and not more often than its figures change; a slow answer is used when it comes, and no tick waits long for it.
 */
export class Sampling {
  readonly #host: Host
  readonly #parts: SamplingParts
  /** Milliseconds between memory samples. */
  readonly #memoryInterval: number
  /** Milliseconds by which a memory sample may be early: a tick that begins a little early still takes one. */
  readonly #slack: number
  /** When memory was last due, and when it was last requested: a tick does not wait for an answer that is late. */
  #memoryDue = Number.NEGATIVE_INFINITY
  #memoryRequested = Number.NEGATIVE_INFINITY
  #pending: Promise<void> | undefined
  #memory: DatedMemorySample | undefined
  /** How often the connection was lost. */
  #gaps = 0

  constructor(host: Host, parts: SamplingParts) {
    this.#host = host
    this.#parts = parts
    this.#memoryInterval = memorySampleInterval(parts.interval)
    this.#slack = Math.min(parts.interval, this.#memoryInterval) / 10
  }

  /** Samples CPUs and memory side by side. Changes nothing and never rejects, so it may be left to itself. */
  async sample(): Promise<Samples> {
    const { clock } = this.#host
    const { interval, info, ksm } = this.#parts
    const begun = clock.now()
    const wallTime = clock.wallTime()
    const gaps = this.#gaps
    const [cpu] = await Promise.all([this.#sampleCpu(), this.#refreshMemory(interval / 4), ksm?.refresh()])
    if (!('error' in cpu)) await info.follow(cpu.domains)
    const isOvertaken = gaps !== this.#gaps && !('error' in cpu)
    const timing = { begun, wallTime, sampled: clock.now() }
    return { ...timing, cpu: isOvertaken ? { error: overtaken() } : cpu, memory: this.#memory }
  }

  /** Samples memory between two ticks. Changes nothing and never rejects, so it may be left to itself. */
  async sampleMemory(): Promise<MemorySamples> {
    const { clock } = this.#host
    const begun = clock.now()
    await this.#refreshMemory(this.#memoryInterval / 4)
    return { begun, wallTime: clock.wallTime(), sampled: clock.now(), memory: this.#memory }
  }

  /** Monotonic milliseconds at which memory is to be sampled before the tick at `nextTick`; undefined: not before. */
  nextMemorySample(nextTick: number): number | undefined {
    const time = Math.max(this.#memoryDue + this.#memoryInterval, this.#host.clock.now())
    return time <= nextTick - this.#memoryInterval / 2 ? time : undefined
  }

  /** After the connection was lost: forgets the memory sample and has the next one requested at once. */
  interrupt(): void {
    this.#gaps++
    this.#memory = undefined
    this.#memoryRequested = Number.NEGATIVE_INFINITY
  }

  async #sampleCpu(): Promise<Samples['cpu']> {
    try {
      return await this.#host.sampleCpu()
    } catch (error) {
      return { error: asBallastError(error) }
    }
  }

  /** Requests a memory sample when it is time to, and waits `timeout` milliseconds at most. Never rejects. */
  async #refreshMemory(timeout: number): Promise<void> {
    const { clock } = this.#host
    this.#memoryDue = clock.now()
    if (!this.#pending && this.#memoryDue - this.#memoryRequested >= this.#memoryInterval - this.#slack) {
      this.#memoryRequested = this.#memoryDue
      this.#pending = this.#requestMemory(this.#memoryDue)
    }
    if (this.#pending) await withTimeout(clock, timeout, this.#pending)
  }

  async #requestMemory(requestedAt: number): Promise<void> {
    try {
      this.#memory = { sample: await this.#host.sampleMemory(), requestedAt }
    } catch (error) {
      this.#parts.report(asBallastError(error))
    } finally {
      this.#pending = undefined
    }
  }
}

/** A CPU sample of a host of which nothing is known: what a loop has before its first sample succeeds. */
export function blankCpuSample({ cpuCount }: Topology, clock: Clock): CpuSample {
  return {
    domains: [],
    time: clock.now(),
    interval: Number.NaN,
    state: new Uint8Array(),
    source: new Uint8Array(),
    vcpuStart: new Uint32Array(1),
    vcpu: new Uint32Array(),
    usage: new Float64Array(),
    delay: new Float64Array(),
    pcpu: new Int32Array(),
    affinityWords: Math.ceil(cpuCount / 32),
    affinity: new Uint32Array(),
    pcpuBusy: new Float64Array(cpuCount).fill(Number.NaN),
  }
}

function overtaken(): BallastError {
  return new BallastError('ERR_DISCONNECTED', 'The connection was lost while samples were taken')
}
