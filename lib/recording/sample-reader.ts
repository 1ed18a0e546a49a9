import { BallastError } from '../host/errors.ts'
import type { CpuSample, DomainIdentity, MemorySample } from '../host/sample.ts'
import { ColumnReader, hostMemoryFromPlain } from './columns.ts'
import type { CpuEntry, DomainsEntry, MemoryEntry } from './entries.ts'

/** Reads the samples that a SampleWriter wrote, in their order. */
export class SampleReader {
  readonly #cpu = new ColumnReader('cpu')
  readonly #memory = new ColumnReader('memory')
  readonly #sets = new Map<number, readonly DomainIdentity[]>()

  domains({ set, domains }: DomainsEntry): void {
    this.#sets.set(
      set,
      domains.map(({ uuid, name, id, run }) => ({ uuid, name, id, run })),
    )
  }

  cpu({ cpu }: CpuEntry): CpuSample {
    const { set, time, interval, affinityWords, listAge, ...columns } = cpu
    return {
      domains: this.#setOf(set),
      time,
      interval: interval ?? Number.NaN,
      affinityWords,
      ...(listAge !== undefined && { listAge }),
      ...this.#cpu.read(columns),
    } as unknown as CpuSample
  }

  memory({ memory }: MemoryEntry): MemorySample {
    const { set, time, wallTime, host, ...columns } = memory
    return {
      domains: this.#setOf(set),
      time,
      wallTime,
      host: hostMemoryFromPlain(host),
      ...this.#memory.read(columns),
    } as unknown as MemorySample
  }

  #setOf(set: number): readonly DomainIdentity[] {
    const domains = this.#sets.get(set)
    if (!domains)
      throw new BallastError(
        'ERR_RECORDING',
        `A sample is about a set of domains, ${set}, that is not in the recording`,
      )
    return domains
  }
}
