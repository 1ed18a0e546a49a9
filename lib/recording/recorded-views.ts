import type { CpuQuota } from '../host/cpu-quota.ts'
import type { CpuSet } from '../host/cpuset.ts'
import type { DomainTraits } from '../host/domain-traits.ts'
import { BallastError } from '../host/errors.ts'
import type { CpuSample, MemorySample } from '../host/sample.ts'
import type { Topology } from '../host/topology.ts'
import type { ObserverOptions } from '../view/observation.ts'
import { Observer } from '../view/observer.ts'
import type { View } from '../view/view.ts'
import type { CallEntry, Entry, RecordedTick, RunEntry } from './entries.ts'
import { fromPlain } from './plain.ts'
import { SampleReader } from './sample-reader.ts'

/** One tick of a recording, with the View of the samples that it had. */
export interface RecordedView {
  readonly view: View
  readonly cpu: CpuSample
  readonly tick: RecordedTick
  /** What the recording says of domains beside samples, as of now. */
  readonly facts: RecordedFacts
}

/** Answers of the host about domains, by UUID; undefined: it was not asked. */
export interface RecordedFacts {
  cpuQuota(uuid: string): CpuQuota | undefined
  traits(uuid: string): DomainTraits | undefined
  metadata(uuid: string): string | undefined
}

export interface RecordedViewsOptions {
  readonly began: (run: RunEntry['run']) => void
  readonly other: (tick: RecordedTick) => void
  /** What is kept of the memory of a host, and of each domain. Default: nothing, since nothing is decided on these Views. */
  readonly limits?: (topology: Topology) => Pick<ObserverOptions, 'hostMemoryReserve' | 'domainOverhead'>
  /** The sizes that were last asked for, by UUID; may change between two Views. Default: none was. */
  readonly targets?: ReadonlyMap<string, number>
}

/**
 * The Views of a recording, without the loop: one for each tick that had a CPU sample of its own. Ticks without one
 * (emergencies) are handed to `other`, the configuration of each loop to `began`.
 */
export async function* recordedViews(
  entries: AsyncIterable<Entry>,
  { began, other, limits = () => neutral, targets = noTargets }: RecordedViewsOptions,
): AsyncGenerator<RecordedView, void, undefined> {
  const reader = new SampleReader()
  const facts = new Answers()
  let observer: Observer | undefined
  let topology: Topology | undefined
  let cpu: CpuSample | undefined
  let memory: MemorySample | undefined
  for await (const entry of entries) {
    if ('topology' in entry) topology = fromPlain(entry.topology) as Topology
    else if ('domains' in entry) reader.domains(entry)
    else if ('cpu' in entry) cpu = reader.cpu(entry)
    else if ('memory' in entry) memory = reader.memory(entry)
    else if ('call' in entry) facts.take(entry)
    else if ('run' in entry) began(entry.run)
    else if ('tick' in entry) {
      if (!topology) throw new BallastError('ERR_RECORDING', 'The recording does not say what host it is of')
      if (!cpu) {
        other(entry.tick)
        continue
      }
      observer ??= new Observer(topology, { ...facts.sources, ...limits(topology) })
      const view = observer.observe({
        cpu,
        topology,
        memory,
        targets,
        wallTime: entry.tick.wallTime,
      })
      yield { view, cpu, tick: entry.tick, facts }
      cpu = undefined
    }
  }
}

const noTargets: ReadonlyMap<string, number> = new Map()
const neutral = { hostMemoryReserve: 0, domainOverhead: 0 }

type Answered = 'cpuQuota' | 'domainTraits' | 'domainMetadata' | 'vcpuPins'

class Answers implements RecordedFacts {
  readonly #byCall = new Map<string, unknown>()
  #version = 0

  /** For an Observer. */
  readonly sources = {
    cpuQuota: ({ uuid }: { readonly uuid: string }) => this.cpuQuota(uuid),
    traits: ({ uuid }: { readonly uuid: string }) => this.traits(uuid),
    pins: ({ uuid }: { readonly uuid: string }) =>
      this.#get('vcpuPins', uuid) as ReadonlyMap<number, CpuSet> | undefined,
    factsVersion: () => this.#version,
  }

  take({ call, of: [uuid], answer, error }: CallEntry): void {
    if (typeof uuid !== 'string' || error !== undefined) return
    this.#byCall.set(`${call} ${uuid}`, fromPlain(answer))
    this.#version++
  }

  cpuQuota(uuid: string): CpuQuota | undefined {
    return this.#get('cpuQuota', uuid) as CpuQuota | undefined
  }

  traits(uuid: string): DomainTraits | undefined {
    return this.#get('domainTraits', uuid) as DomainTraits | undefined
  }

  metadata(uuid: string): string | undefined {
    return this.#get('domainMetadata', uuid) as string | undefined
  }

  #get(call: Answered, uuid: string): unknown {
    return this.#byCall.get(`${call} ${uuid}`)
  }
}
