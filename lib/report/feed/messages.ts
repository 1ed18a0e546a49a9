import type { DomainState } from '../../host/sample.ts'
import type { HostMemoryView, MemoryHold } from '../../view/view.ts'
import type { Column } from '../columns.ts'
import type { FleetFigures } from '../fleet-figures.ts'
import type { Known } from '../known-fields.ts'
import type { ReasonRecord } from '../reason-record.ts'
import type { CpuList, TickDecisions } from '../tick-decisions.ts'

/** With what a loop is run. */
export interface FeedSetup {
  readonly scheduler?: string
  readonly ballooning?: string
  readonly ksm?: string
  readonly dryRun: boolean
  /** Milliseconds. */
  readonly interval: number
}

/** What there is: pCPUs and guests, in the order of the columns of the ticks. */
export interface Inventory {
  readonly pcpus: readonly {
    readonly id: number
    readonly cell: number
    readonly socket: number
    readonly cache: number
    readonly core: number
    /** How much work it does against the host's largest. */
    readonly capacity: number
  }[]
  readonly guests: readonly {
    readonly uuid: string
    readonly name: string
    readonly vcpus: number
  }[]
}

/** What was not changed as a policy wanted, or at all, and why. */
export type Standing = Pick<TickDecisions, 'clamps' | 'skipped'>

/** A Tick as a program gets it that shows hosts: the View in columns of whole numbers, and the decisions. */
export interface FeedTick extends Omit<TickDecisions, 'clamps' | 'skipped' | 'plan'> {
  /** Thousandths of the time. */
  readonly pcpus: {
    readonly busy: Column
    readonly background: Column
    /** Why no vCPU may be placed on a pCPU, by its number. */
    readonly unusable: Readonly<Record<string, ReasonRecord>>
  }
  /** Points, and MiB. */
  readonly guests: {
    readonly state: readonly (keyof typeof DomainState)[]
    readonly cpuScore: Column
    readonly memoryScore: Column
    readonly maximum: Column
    readonly actual: Column
    readonly target: Column
    /** What its kernel and programs use. */
    readonly inUse: Column
    readonly need: Column
    /** Why its balloon is not changed; null: it may be. */
    readonly hold: readonly (MemoryHold | null)[]
  }
  /** Of all guests, one after the other; thousandths of a pCPU or of the time. */
  readonly vcpus: {
    readonly pcpu: Column
    readonly usage: Column
    readonly delay: Column
    readonly demand: Column
    /** Where it may run now, and where it may be pinned to: positions in `sets`. */
    readonly affinity: Column
    readonly allowed: Column
  }
  readonly sets: readonly CpuList[]
  /** Standard deviation of the pCPUs' demand in percent of a pCPU; left out: not known. */
  readonly deviation?: number
  /** Bytes. */
  readonly memory: Known<Omit<HostMemoryView, 'hugePages' | 'ksm'>>
}

/** One thing that such a program is told. What is no tick holds for the ticks that follow. */
export type FeedMessage =
  | { readonly setup: FeedSetup }
  | { readonly inventory: Inventory }
  | { readonly standing: Standing }
  | { readonly fleet: FleetFigures }
  | { readonly tick: FeedTick }
