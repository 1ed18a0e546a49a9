import { asBallastError, type BallastError } from '../host/errors.ts'
import type { Clock, Host } from '../host/host.ts'
import type { CpuSample, MemorySample } from '../host/sample.ts'
import type { Topology } from '../host/topology.ts'
import { withTimeout } from '../util/timeout.ts'

/** A memory sample and when it was asked for, in monotonic milliseconds: what it shows is as old at most. */
export interface DatedMemorySample {
  readonly sample: MemorySample
  readonly requestedAt: number
}

/**
 * Memory samples on a cadence of their own. The host is asked anew only when it has answered, and not more
 * often than its figures change; a slow answer is used when it comes and nobody waits for it for long.
 */
export class MemorySampling {
  readonly #host: Host
  readonly #period: number
  #newest: DatedMemorySample | undefined
  #pending: Promise<void> | undefined
  #askedAt = Number.NEGATIVE_INFINITY
  #errors: BallastError[] = []

  /** `period`: milliseconds between questions at least. */
  constructor(host: Host, period: number) {
    this.#host = host
    this.#period = period
  }

  /** The newest there is; undefined before the first answer. */
  get newest(): DatedMemorySample | undefined {
    return this.#newest
  }

  /** Asks anew when it is time to, and waits `patience` milliseconds at most. Never rejects; see {@link MemorySampling.takeErrors}. */
  async refresh(patience: number): Promise<void> {
    const { clock } = this.#host
    if (!this.#pending && clock.now() - this.#askedAt >= this.#period) {
      this.#askedAt = clock.now()
      this.#pending = this.#ask(this.#askedAt)
    }
    if (this.#pending) await withTimeout(clock, patience, this.#pending)
  }

  /** Forgets the newest: what comes next is asked for anew, and at once. */
  forget(): void {
    this.#newest = undefined
    this.#askedAt = Number.NEGATIVE_INFINITY
  }

  /** What failed since it was last asked for. */
  takeErrors(): BallastError[] {
    const errors = this.#errors
    this.#errors = []
    return errors
  }

  async #ask(askedAt: number): Promise<void> {
    try {
      this.#newest = { sample: await this.#host.sampleMemory(), requestedAt: askedAt }
    } catch (error) {
      this.#errors.push(asBallastError(error))
    } finally {
      this.#pending = undefined
    }
  }
}

/** A CPU sample of a host of which nothing is known: what a loop sees before its first sample succeeds. */
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
