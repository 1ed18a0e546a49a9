import type { CpuSet } from '../host/cpuset.ts'
import type { CpuSample, DomainIdentity, MemorySample } from '../host/sample.ts'
import type { Topology } from '../host/topology.ts'
import type { UsableCpusOptions } from './cpu/usable-cpus.ts'
import type { FactSources } from './domain-facts.ts'
import type { MemoryObserverOptions } from './memory/memory-observer.ts'

/** What the host's memory is accounted with, where vCPUs may be placed, and what is known of domains beside Samples. */
export interface ObserverOptions extends UsableCpusOptions, MemoryObserverOptions, FactSources {
  /**
   * Whether what a vCPU was pinned to when it was first seen is a limit to where it may be placed; otherwise it is only
   * where it starts. Default false.
   */
  readonly respectPins?: boolean | undefined
  /** What a vCPU could run on before it was first seen here, where that is known; otherwise what is seen first counts. */
  readonly originalAffinity?: ((domain: DomainIdentity, vcpu: number) => CpuSet | undefined) | undefined
}

export interface Observation {
  readonly cpu: CpuSample
  /** Of the host at that sample. Default: as in the observation before. */
  readonly topology?: Topology | undefined
  /** The newest there is; may be the same object again. Undefined: none yet. */
  readonly memory: MemorySample | undefined
  /** By UUID: bytes that Ballast last asked each balloon for. */
  readonly targets: ReadonlyMap<string, number>
  /** Milliseconds since the epoch. Default: that of the memory sample; 0 without one. */
  readonly wallTime?: number | undefined
  /** Bytes that are kept free for guests about to start. Default 0. */
  readonly reserved?: number | undefined
}

/** Between two ticks: memory was sampled anew, vCPUs were not. */
export type MemoryObservation = Omit<Observation, 'cpu' | 'memory'> & { readonly memory: MemorySample }
