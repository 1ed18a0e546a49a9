import type { Clamp, KsmResult, Outcome, Rollback, Skipped, Tick, TickTiming } from '../control/tick.ts'
import type { CpuQuota } from '../host/cpu-quota.ts'
import { DomainState } from '../host/sample.ts'
import type { Topology } from '../host/topology.ts'
import type { Action, Explanation, KsmAction } from '../policy/plan.ts'
import { printableJson } from '../util/printable.ts'
import type { DemandRange, DomainMemoryView, DomainView, HostMemoryView, VcpuView } from '../view/view.ts'
import { type ReasonRecord, reasonRecord } from './reason-record.ts'

/** Sets of pCPUs in list notation: `0-3,8`. */
type CpuList = string

export interface PinRecord {
  readonly kind: 'pin'
  readonly uuid: string
  readonly domain: string
  readonly vcpu: number
  readonly cpus: CpuList
  readonly reason: ReasonRecord
}

export interface SetMemoryRecord {
  readonly kind: 'setMemory'
  readonly uuid: string
  readonly domain: string
  readonly bytes: number
  readonly reason: ReasonRecord
}

export interface SetSharesRecord {
  readonly kind: 'setShares'
  readonly uuid: string
  readonly domain: string
  /** `cpu_shares`. */
  readonly shares: number
  readonly reason: ReasonRecord
}

export type ActionRecord = PinRecord | SetMemoryRecord | SetSharesRecord

export interface KsmActionRecord {
  readonly kind: KsmAction['kind']
  /** Left out: as it is. */
  readonly running?: boolean
  readonly pagesToScan: number
  /** Milliseconds. */
  readonly sleep: number
  readonly reason: ReasonRecord
}

export interface KsmRecord {
  readonly skipped?: ReasonRecord
  readonly outcome?: {
    readonly action: KsmActionRecord
    readonly status: Outcome['status']
    readonly error?: ErrorRecord
    /** Milliseconds. */
    readonly duration: number
  }
}

/** {@link Explanation} with its reason as plain data. */
export type ExplanationRecord = Omit<Explanation, 'reason'> & { readonly reason: ReasonRecord }

export interface ErrorRecord {
  /** A stable `ERR_…` string. */
  readonly code: string
  readonly message: string
}

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
}

/**
 * A Tick as one JSON line: plain data with no cycles, in the same words, units and order as the Tick itself.
 * What is not known, or is no finite number, is left out; a set of pCPUs is a list such as `0-3,8`; an error
 * is its code and message; a domain's state is libvirt's word for it. Fields may be added, never change.
 */
export interface TickRecord {
  readonly index: number
  readonly cause: Tick['cause']
  /** Milliseconds since the epoch. */
  readonly wallTime: number
  readonly summary: string
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
  readonly plan: readonly ActionRecord[]
  /** What of it undoes what was done before. */
  readonly rollbacks?: readonly {
    readonly what: Rollback['what']
    readonly plan: readonly ActionRecord[]
    readonly reason: ReasonRecord
  }[]
  /** Why the scheduler chose as many moves as it did. */
  readonly explanation?: ExplanationRecord
  readonly clamps: readonly {
    readonly rule: Clamp['rule']
    readonly result: Clamp['result']
    readonly action: ActionRecord
    readonly instead?: ActionRecord
    readonly cause: ReasonRecord
  }[]
  readonly skipped: readonly (Omit<Skipped, 'reason'> & { readonly reason: ReasonRecord })[]
  readonly outcomes: readonly {
    readonly action: ActionRecord
    readonly status: Outcome['status']
    readonly error?: ErrorRecord
    /** Milliseconds. */
    readonly duration: number
  }[]
  /** What the KSM policy did. */
  readonly ksm?: KsmRecord
  readonly errors: readonly ErrorRecord[]
  /** Milliseconds. */
  readonly timing: Known<TickTiming>
}

/** The fields of `T` that are known. */
type Known<T> = { readonly [K in keyof T]?: Exclude<T[K], undefined> }

/** A Tick as plain data. */
export function tickRecord(tick: Tick): TickRecord {
  const { view } = tick
  const seen = new Map(view.pcpus.map((pcpu) => [pcpu.id, pcpu]))
  return known({
    index: tick.index,
    cause: tick.cause,
    wallTime: tick.wallTime,
    summary: tick.summary,
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
    domains: view.domains.map(domainRecord),
    plan: tick.plan.map(actionRecord),
    rollbacks: tick.rollbacks?.map(({ what, plan, reason }) => {
      return { what, plan: plan.map(actionRecord), reason: reasonRecord(reason) }
    }),
    explanation: tick.explanation && explanationRecord(tick.explanation),
    clamps: tick.clamps.map(({ rule, result, action, instead, cause }) =>
      known({
        rule,
        result,
        action: actionRecord(action),
        instead: instead && actionRecord(instead),
        cause: reasonRecord(cause),
      }),
    ),
    skipped: tick.skipped.map(({ reason, ...what }) => ({ ...what, reason: reasonRecord(reason) })),
    outcomes: tick.outcomes.map(({ action, status, error, duration }) =>
      known({ action: actionRecord(action), status, error: error && errorRecord(error), duration }),
    ),
    ksm: tick.ksm && ksmRecord(tick.ksm),
    errors: tick.errors.map(errorRecord),
    timing: known(tick.timing),
  })
}

/** A Tick as one line of JSON, without the line's end; holds no character that a terminal would obey. */
export function tickJson(tick: Tick): string {
  return printableJson(JSON.stringify(tickRecord(tick)))
}

function cellRecord({ id, cpus, memory, distances }: Topology['cells'][number]) {
  return known({ id, cpus: cpus.toString(), memory, distances: Object.fromEntries(distances) })
}

function domainRecord(view: DomainView): DomainRecord {
  const { uuid, name, id, state, cpuShares, memory } = view
  const vcpus = view.vcpus.map(vcpuRecord)
  const cpuQuota = view.cpuQuota && isLimited(view.cpuQuota) ? known(view.cpuQuota) : undefined
  return known({ uuid, name, id, state: stateName(state), vcpus, cpuShares, cpuQuota, memory: known(memory) })
}

function isLimited(quota: CpuQuota): boolean {
  return Object.values(quota).some((pcpus) => pcpus !== undefined)
}

function vcpuRecord(view: VcpuView): VcpuRecord {
  const { vcpu, affinity, allowed, pcpu, usage, delay, throttled, demand, demandRange } = view
  const sets = { affinity: affinity?.toString(), allowed: allowed.toString() }
  return known({ vcpu, ...sets, pcpu, usage, delay, throttled, demand, demandRange })
}

function actionRecord(action: Action): ActionRecord {
  const { kind, uuid, domain } = action
  const reason = reasonRecord(action.reason)
  switch (kind) {
    case 'pin':
      return { kind, uuid, domain, vcpu: action.vcpu, cpus: action.cpus.toString(), reason }
    case 'setShares':
      return { kind, uuid, domain, shares: action.shares, reason }
    case 'setMemory':
      return { kind, uuid, domain, bytes: action.bytes, reason }
  }
}

function ksmActionRecord({ kind, running, pagesToScan, sleep, reason }: KsmAction): KsmActionRecord {
  return known({ kind, running, pagesToScan, sleep, reason: reasonRecord(reason) })
}

function explanationRecord({ reason, ...figures }: Explanation): ExplanationRecord {
  return { ...figures, reason: reasonRecord(reason) }
}

function ksmRecord({ skipped, outcome }: KsmResult): KsmRecord {
  return known({
    skipped: skipped && reasonRecord(skipped),
    outcome:
      outcome &&
      known({
        action: ksmActionRecord(outcome.action),
        status: outcome.status,
        error: outcome.error && errorRecord(outcome.error),
        duration: outcome.duration,
      }),
  })
}

function errorRecord({ code, message }: ErrorRecord): ErrorRecord {
  return { code, message }
}

function stateName(state: DomainState): keyof typeof DomainState {
  const names = Object.keys(DomainState) as (keyof typeof DomainState)[]
  return names.find((name) => DomainState[name] === state) ?? 'noState'
}

/** The fields that are known: neither undefined nor a number that is not finite. */
function known<T extends object>(fields: T): OmitUndefined<T> {
  const entries = Object.entries(fields).filter(
    ([, value]) => value !== undefined && (typeof value !== 'number' || Number.isFinite(value)),
  )
  return Object.fromEntries(entries) as OmitUndefined<T>
}

/** `T` with what may be undefined made optional instead. */
type OmitUndefined<T> = {
  readonly [K in keyof T as undefined extends T[K] ? never : K]: T[K]
} & {
  readonly [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>
}
