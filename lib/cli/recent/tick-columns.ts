import type { DomainState } from '../../host/sample.ts'
import type { Column } from '../../report/columns.ts'
import type { ReasonRecord } from '../../report/reason-record.ts'
import type { ShownPcpu, ShownTick } from '../../report/shown-tick.ts'
import type { CpuList, TickDecisions } from '../../report/tick-decisions.ts'
import type { BalloonProgress, MemoryHold } from '../../view/view.ts'

/** What a host consists of, in the order of the columns that follow. */
export interface HostRecord {
  readonly pcpus: readonly Pick<ShownPcpu, 'id' | 'socket' | 'cell' | 'cache' | 'siblings' | 'capacity'>[]
  readonly guests: readonly {
    readonly uuid: string
    readonly name: string
    /** Their numbers. */
    readonly vcpus: readonly number[]
  }[]
}

/** What was not changed as a policy wanted, or at all, and why. */
export type StandingRecord = Pick<TickDecisions, 'clamps' | 'skipped'>

/** Of few among many: by position. */
export type Exceptions<T> = Readonly<Record<string, T>>

/** A Tick without what was told before: figures in columns. A column of which nothing is known is left out. */
export interface TickColumns extends Omit<ShownTick, 'clamps' | 'skipped' | 'pcpus' | 'domains'> {
  /** Thousandths of the time. */
  readonly pcpus: {
    readonly busy?: Column
    readonly background?: Column
    readonly unusable: Exceptions<ReasonRecord>
  }
  /** Points, `cpu_shares`, and KiB. */
  readonly guests: {
    readonly cpuScore?: Column
    readonly memoryScore?: Column
    readonly cpuShares?: Column
    readonly maximum?: Column
    readonly actual?: Column
    readonly target?: Column
    /** What it could use without more: its MemAvailable, or where that is not known its MemFree. */
    readonly spare?: Column
    readonly need?: Column
    /** Of those that do not run. */
    readonly state: Exceptions<keyof typeof DomainState>
    readonly hold: Exceptions<MemoryHold>
    /** Of those that do not rest. */
    readonly progress: Exceptions<BalloonProgress>
    readonly swappedOut: Exceptions<number>
    readonly underPressure: readonly number[]
  }
  /** Of all guests, one after the other; thousandths of a pCPU or of the time. */
  readonly vcpus: {
    readonly pcpu?: Column
    readonly usage?: Column
    readonly delay?: Column
    readonly demand?: Column
    readonly throttled?: Column
    /** Positions in `sets`. */
    readonly affinity?: Column
    readonly allowed?: Column
  }
  readonly sets: readonly CpuList[]
}
