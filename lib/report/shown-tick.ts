import type { Tick } from '../control/tick.ts'
import type { CpuSet } from '../host/cpuset.ts'
import { stateName } from '../host/sample.ts'
import type { HostMemoryView } from '../view/view.ts'
import type { Known } from './known-fields.ts'
import { reasonRecord } from './reason-record.ts'
import { type CpuList, type TickDecisions, tickDecisions } from './tick-decisions.ts'
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

/**
 * What is shown of a Tick, of which it keeps parts: a {@link TickRecord} of a thousand guests takes several times as long
 * to make.
 */
export function shownTick(tick: Tick): ShownTick {
  const { view, scores } = tick
  const { plan: _, ...decisions } = tickDecisions(tick)
  const seen = new Map(view.pcpus.map((pcpu) => [pcpu.id, pcpu]))
  const lists = new CpuLists()
  return {
    ...decisions,
    pcpus: view.topology.pcpus.map((pcpu) => {
      const { busy, background, unusable } = seen.get(pcpu.id) ?? {}
      const { id, socket, cell, cache, capacity } = pcpu
      const siblings = lists.of(pcpu.siblings)
      const why = unusable && reasonRecord(unusable)
      return { id, socket, cell, cache, siblings, capacity, busy, background, unusable: why }
    }),
    memory: view.memory,
    domains: view.domains.map(({ uuid, name, state, cpuShares, vcpus, memory }, row) => ({
      uuid,
      name,
      state: stateName(state),
      cpuShares,
      vcpus: vcpus.map(({ vcpu, affinity, allowed, pcpu, usage, delay, throttled, demand }) => ({
        vcpu,
        affinity: affinity && lists.of(affinity),
        allowed: lists.of(allowed),
        pcpu,
        usage,
        delay,
        throttled,
        demand,
      })),
      memory,
      score: { cpu: finite(scores.cpu[row]), memory: finite(scores.memory[row]) },
    })),
  }
}

/** Lists of sets of pCPUs, each written once: most vCPUs share theirs with others. */
class CpuLists {
  readonly #lists = new Map<CpuSet, CpuList>()

  of(cpus: CpuSet): CpuList {
    let list = this.#lists.get(cpus)
    if (list === undefined) {
      list = cpus.toString()
      this.#lists.set(cpus, list)
    }
    return list
  }
}

/** NaN stands for what is not known in columns. */
function finite(value: number | undefined): number | undefined {
  return Number.isFinite(value) ? value : undefined
}
