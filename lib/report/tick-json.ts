import type { Tick } from '../control/tick.ts'
import type { CpuQuota } from '../host/cpu-quota.ts'
import { type DomainState, stateName } from '../host/sample.ts'
import type { Topology } from '../host/topology.ts'
import { printableJson } from '../util/printable.ts'
import type { Scores } from '../view/score/scores.ts'
import type {
  DemandRange,
  DomainMemoryView,
  DomainView,
  HostMemoryView,
  VcpuView,
  View,
} from '../view/view.ts'
import { type Known, known } from './known-fields.ts'
import { type ReasonRecord, reasonRecord } from './reason-record.ts'
import { type CpuList, type TickDecisions, tickDecisions } from './tick-decisions.ts'

export interface VcpuRecord {
  readonly vcpu: number
  readonly affinity?: CpuList
  readonly allowed: CpuList
  readonly pcpu?: number
  readonly usage?: number
  readonly delay?: number
  readonly throttled?: number
  readonly demand?: number
  readonly demandRange?: DemandRange
}

export interface DomainRecord {
  readonly uuid: string
  readonly name: string
  readonly id: number
  readonly state: keyof typeof DomainState
  readonly vcpus: readonly VcpuRecord[]
  readonly cpuShares?: number
  /** In pCPUs; see CpuQuota. */
  readonly cpuQuota?: Known<CpuQuota>
  /** Bytes, and milliseconds for `age`; see DomainMemoryView. */
  readonly memory: Known<DomainMemoryView>
  /** How much of what it wanted it got, 0 to 100; docs/scores.md. */
  readonly score: ScoreRecord
}

/** The scores of one guest, as far as they are known. */
export interface ScoreRecord {
  readonly cpu?: number
  readonly memory?: number
  /** The lower of the two; known when both are. */
  readonly together?: number
}

/**
 * A Tick as one JSON line: plain data with no cycles, in the same words, units and order as the Tick itself.
 * What is not known, or is no finite number, is left out; a set of pCPUs is a list such as `0-3,8`; an error
 * is its code and message; a domain's state is libvirt's word for it. Fields may be added, never change.
 */
export interface TickRecord extends TickDecisions {
  /** Monotonic milliseconds at the CPU sample; in an emergency at the memory sample. */
  readonly time: number
  /** Milliseconds that usage and delay are over. */
  readonly interval?: number
  readonly online: CpuList
  /** By pCPU: where it is in the host, and how busy it was, in fractions of the interval. */
  readonly pcpus: readonly {
    readonly id: number
    readonly cell: number
    readonly socket: number
    readonly die: number
    readonly core: number
    /** Number of the last-level cache that it shares. */
    readonly cache: number
    readonly siblings: CpuList
    /** How much work it does against the host's largest; left out: as much. */
    readonly capacity?: number
    readonly busy?: number
    /** Fraction that is busy with what is no vCPU. */
    readonly background?: number
    /** Why no vCPU is placed on it; left out: it is in `online`. */
    readonly unusable?: ReasonRecord
  }[]
  readonly cells: readonly {
    readonly id: number
    readonly cpus: CpuList
    readonly memory?: number
    /** Distance by the other cell's id. */
    readonly distances: Readonly<Record<string, number>>
  }[]
  /** Bytes. */
  readonly memory: Known<HostMemoryView>
  readonly domains: readonly DomainRecord[]
}

/** A Tick as plain data. */
export function tickRecord(tick: Tick): TickRecord {
  return tickRecordOf(tick.view, tickDecisions(tick), (_, row) => scoreRecord(tick.scores, row))
}

/** The same of a View, and of what was decided on it; `scoreOf` has the scores of a guest. */
export function tickRecordOf(
  view: View,
  { index, cause, wallTime, summary, ...decisions }: TickDecisions,
  scoreOf: (domain: DomainView, row: number) => ScoreRecord,
): TickRecord {
  const seen = new Map(view.pcpus.map((pcpu) => [pcpu.id, pcpu]))
  return known({
    index,
    cause,
    wallTime,
    summary,
    time: view.time,
    interval: view.interval,
    online: view.online.toString(),
    pcpus: view.topology.pcpus.map((pcpu) => {
      const { busy, background, unusable } = seen.get(pcpu.id) ?? {}
      const siblings = pcpu.siblings.toString()
      return known({ ...pcpu, siblings, busy, background, unusable: unusable && reasonRecord(unusable) })
    }),
    cells: view.topology.cells.map(cellRecord),
    memory: known(view.memory),
    domains: view.domains.map((domain, row) => domainRecord(domain, scoreOf(domain, row))),
    ...decisions,
  })
}

/** A Tick as one line of JSON, without the line's end; holds no character that a terminal would obey. */
export function tickJson(tick: Tick): string {
  return printableJson(JSON.stringify(tickRecord(tick)))
}

function cellRecord({ id, cpus, memory, distances }: Topology['cells'][number]) {
  return known({ id, cpus: cpus.toString(), memory, distances: Object.fromEntries(distances) })
}

function scoreRecord({ cpu, memory, together }: Scores, row: number): ScoreRecord {
  return known({ cpu: cpu[row], memory: memory[row], together: together[row] })
}

function domainRecord(view: DomainView, score: ScoreRecord): DomainRecord {
  const { uuid, name, id, state, cpuShares, memory } = view
  const vcpus = view.vcpus.map(vcpuRecord)
  const cpuQuota = view.cpuQuota && isLimited(view.cpuQuota) ? known(view.cpuQuota) : undefined
  return known({
    ...{ uuid, name, id, state: stateName(state), vcpus, cpuShares, cpuQuota },
    memory: known(memory),
    score,
  })
}

function isLimited(quota: CpuQuota): boolean {
  return Object.values(quota).some((pcpus) => pcpus !== undefined)
}

function vcpuRecord(view: VcpuView): VcpuRecord {
  const { vcpu, affinity, allowed, pcpu, usage, delay, throttled, demand, demandRange } = view
  const sets = { affinity: affinity?.toString(), allowed: allowed.toString() }
  return known({ vcpu, ...sets, pcpu, usage, delay, throttled, demand, demandRange })
}
