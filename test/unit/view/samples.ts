import { CpuSet } from '../../../lib/host/cpuset.ts'
import {
  type CpuSample,
  CpuSource,
  type DomainIdentity,
  DomainState,
  type MemorySample,
  MemoryStatus,
} from '../../../lib/host/sample.ts'
import { MiB } from '../../../lib/util/units.ts'

const unknown = Number.NaN

/** One domain of a made-up sample; what is left out is unknown. Sizes in MiB. */
export interface Row {
  readonly uuid: string
  readonly id?: number
  readonly state?: DomainState
  readonly status?: MemoryStatus
  readonly vcpus?: readonly {
    readonly vcpu?: number
    readonly usage?: number
    readonly delay?: number
    readonly pcpu?: number
    readonly affinity?: string
  }[]
  readonly memory?: Partial<
    Record<
      | 'maximum'
      | 'actual'
      | 'available'
      | 'unused'
      | 'usable'
      | 'diskCaches'
      | 'rss'
      | 'hugePages'
      | 'rssFile'
      | 'swapIn'
      | 'swapOut',
      number
    >
  > & {
    /** Milliseconds since the epoch. */
    readonly lastUpdate?: number
    /** A count. */
    readonly majorFaults?: number
  }
}

/** Wall clock at monotonic time 0. */
export const epoch = 1_700_000_000_000

function identities(rows: readonly Row[]): DomainIdentity[] {
  return rows.map(({ uuid, id = 1 }) => ({ uuid, name: uuid, id }))
}

/** A CPU sample at `time` of a host with `pcpus` pCPUs. */
export function cpuSample(time: number, rows: readonly Row[], pcpus = 4): CpuSample {
  const vcpus = rows.flatMap((row) => row.vcpus ?? [])
  const vcpuStart = [0]
  for (const row of rows) vcpuStart.push(vcpuStart.at(-1)! + (row.vcpus?.length ?? 0))
  const affinityWords = Math.ceil(pcpus / 32)
  return {
    domains: identities(rows),
    time,
    interval: 2_000,
    state: Uint8Array.from(rows, ({ state }) => state ?? DomainState.running),
    source: Uint8Array.from(rows, () => CpuSource.simulation),
    vcpuStart: Uint32Array.from(vcpuStart),
    vcpu: Uint32Array.from(rows.flatMap((row) => (row.vcpus ?? []).map(({ vcpu }, i) => vcpu ?? i))),
    usage: Float64Array.from(vcpus, ({ usage }) => usage ?? unknown),
    delay: Float64Array.from(vcpus, ({ delay }) => delay ?? unknown),
    pcpu: Int32Array.from(vcpus, ({ pcpu }) => pcpu ?? -1),
    affinityWords,
    affinity: Uint32Array.from(
      vcpus.flatMap(({ affinity }) => [...CpuSet.parse(affinity ?? '').toWords(pcpus)]),
    ),
    pcpuBusy: Float64Array.from({ length: pcpus }, (_, i) => (i === 1 ? unknown : 0.25 * i)),
  }
}

/** A memory sample at `time` of a host with 8 GiB. */
export function memorySample(time: number, rows: readonly Row[], host?: MemorySample['host']): MemorySample {
  const column = (name: keyof NonNullable<Row['memory']>) =>
    Float64Array.from(rows, ({ memory }) => (memory?.[name] ?? unknown) * (isSize(name) ? MiB : 1))
  return {
    domains: identities(rows),
    time,
    wallTime: epoch + time,
    status: Uint8Array.from(rows, ({ status }) => status ?? MemoryStatus.fresh),
    state: Uint8Array.from(rows, ({ state }) => state ?? DomainState.running),
    maximum: column('maximum'),
    actual: column('actual'),
    available: column('available'),
    unused: column('unused'),
    usable: column('usable'),
    diskCaches: column('diskCaches'),
    swapIn: column('swapIn'),
    swapOut: column('swapOut'),
    majorFaults: column('majorFaults'),
    rss: column('rss'),
    hugePages: column('hugePages'),
    rssFile: column('rssFile'),
    lastUpdate: column('lastUpdate'),
    host: host ?? { total: 8_192 * MiB, free: 4_096 * MiB, available: 5_000 * MiB, pressure: Number.NaN },
  }
}

function isSize(name: keyof NonNullable<Row['memory']>): boolean {
  return name !== 'lastUpdate' && name !== 'majorFaults'
}
