import type { HostMemoryView } from '../view/view.ts'
import type { Known } from './known-fields.ts'
import type { TickDecisions } from './tick-decisions.ts'
import type { DomainRecord, ScoreRecord, TickRecord, VcpuRecord } from './tick-json.ts'

/** The fields of `T` that are named, each of them perhaps not known. */
type Some<T, Names extends keyof T> = { readonly [Name in Names]?: T[Name] | undefined }

export interface ShownVcpu
  extends Pick<VcpuRecord, 'vcpu' | 'allowed'>,
    Some<VcpuRecord, 'affinity' | 'pcpu' | 'usage' | 'delay' | 'throttled' | 'demand'> {}

/** Bytes. */
export interface ShownMemory
  extends Some<
    DomainRecord['memory'],
    'actual' | 'maximum' | 'target' | 'usable' | 'unused' | 'hold' | 'swappedOut' | 'progress'
  > {
  readonly need?: { readonly total: number } | undefined
  readonly events?: { readonly underPressure: boolean } | undefined
}

export interface ShownDomain
  extends Pick<DomainRecord, 'uuid' | 'name' | 'state'>,
    Some<DomainRecord, 'cpuShares'> {
  readonly vcpus: readonly ShownVcpu[]
  readonly memory: ShownMemory
  readonly score: Some<ScoreRecord, 'cpu' | 'memory'>
}

type PcpuRecord = TickRecord['pcpus'][number]

export interface ShownPcpu
  extends Pick<PcpuRecord, 'id' | 'socket' | 'cell' | 'cache' | 'siblings'>,
    Some<PcpuRecord, 'capacity' | 'busy' | 'background' | 'unusable'> {}

/** What was decided in a Tick, without what its policies asked for: what was made of that is said by the rest. */
export type ShownDecisions = Omit<TickDecisions, 'plan'>

/** What is shown of a Tick in a terminal: a part of a {@link TickRecord}. */
export interface ShownTick extends ShownDecisions {
  readonly pcpus: readonly ShownPcpu[]
  /** Bytes. */
  readonly memory: Pick<Known<HostMemoryView>, 'committed' | 'budget' | 'state'>
  readonly domains: readonly ShownDomain[]
}
