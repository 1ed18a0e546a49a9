import type { CpuSample, DomainIdentity, MemorySample } from '../host/sample.ts'
import { ColumnWriter, hostMemoryToPlain, roundedCpuSample, roundedMemorySample } from './columns.ts'
import type { CpuEntry, DomainsEntry, Entry, MemoryEntry } from './entries.ts'

/** A sample as the loop is handed it, and the entries that give it again. */
interface Written<Sample> {
  readonly rounded: Sample
  readonly entries: readonly Entry[]
}

/** Writes samples: what changed since the one before, and the domains that they are about when those are others. */
export class SampleWriter {
  readonly #cpu = new ColumnWriter('cpu')
  readonly #memory = new ColumnWriter('memory')
  /** The sets of domains of the last two samples: those of CPUs and of memory may differ. */
  #sets: readonly { readonly set: number; readonly domains: readonly DomainIdentity[] }[] = []
  #next = 0

  /** Has what follows written whole. */
  reset(): void {
    this.#cpu.reset()
    this.#memory.reset()
    this.#sets = []
  }

  cpu(sample: CpuSample, t: number): Written<CpuSample> {
    const rounded = roundedCpuSample(sample)
    const { set, entries } = this.#set(sample.domains, t)
    const { time, interval, affinityWords, listAge } = rounded
    const cpu: CpuEntry['cpu'] = {
      set,
      time,
      interval: Number.isNaN(interval) ? null : interval,
      affinityWords,
      ...(listAge && { listAge }),
      ...this.#cpu.write(rounded),
    }
    return { rounded, entries: [...entries, { t, cpu }] }
  }

  memory(sample: MemorySample, t: number): Written<MemorySample> {
    const rounded = roundedMemorySample(sample)
    const { set, entries } = this.#set(sample.domains, t)
    const { time, wallTime, host } = rounded
    const memory: MemoryEntry['memory'] = {
      set,
      time,
      wallTime,
      host: hostMemoryToPlain(host),
      ...this.#memory.write(rounded),
    }
    return { rounded, entries: [...entries, { t, memory }] }
  }

  #set(domains: readonly DomainIdentity[], t: number): { set: number; entries: DomainsEntry[] } {
    const known = this.#sets.find((written) => isSameSet(written.domains, domains))
    if (known) return { set: known.set, entries: [] }
    const set = this.#next++
    this.#sets = [{ set, domains }, ...this.#sets.slice(0, 1)]
    const identities = domains.map(({ uuid, name, id, run }) => ({
      uuid,
      name,
      id,
      ...(run !== undefined && { run }),
    }))
    return { set, entries: [{ t, set, domains: identities }] }
  }
}

function isSameSet(a: readonly DomainIdentity[], b: readonly DomainIdentity[]): boolean {
  if (a === b) return true
  return a.length === b.length && a.every((domain, index) => isSameDomain(domain, b[index]!))
}

function isSameDomain(a: DomainIdentity, b: DomainIdentity): boolean {
  return a.uuid === b.uuid && a.name === b.name && a.id === b.id && a.run === b.run
}
