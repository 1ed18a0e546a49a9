import type { FleetReason } from '../reasons/fleet-reasons.ts'
import type { StayReason } from '../reasons/stay.ts'
import type { GuestReport, HostReport } from '../report/host-report.ts'
import type { FleetRules } from './fleet-rules.ts'

/**
 * What a fleet policy sees: plain data, made from reports, rules and what was done before. Nothing here calls a host.
 * What is not known is `undefined`, no load and no reason to act.
 */
export interface FleetView {
  /** Monotonic milliseconds of the leader. */
  readonly time: number
  readonly wallTime: number
  /** In a stable order: by name, then UUID. */
  readonly hosts: readonly FleetHost[]
  /** The guests of all hosts, in their order; each once, on the host that it runs on. */
  readonly guests: readonly FleetGuest[]
  readonly rules: FleetRules
  /** Rules that contradict each other, and what they name that is not there. */
  readonly problems: readonly RuleProblem[]
  /** Migrations under way, whoever began them. */
  readonly migrations: readonly FleetMigration[]
  /** Who wants nothing to be moved. */
  readonly paused: string | undefined
}

/** What is wrong with the rules. */
export interface RuleProblem {
  readonly reason: FleetReason
  /** Whether rules contradict each other, so that nothing is moved until they are put right. */
  readonly isContradiction: boolean
}

/** Why nothing is moved from a host, or to it. */
export type HostHold =
  | 'stale' // its report is older than three of its intervals
  | 'duplicate' // two agents have its UUID
  | 'dry run'
  | 'unreachable' // it does not say how others reach it: guests may leave
  | 'newer' // its report is of a newer version
  | 'maintenance' // it is draining: guests leave, none comes

/** Whether guests may leave a host in spite of its hold. */
export function mayLeave({ hold }: Pick<FleetHost, 'hold'>): boolean {
  return hold === undefined || hold === 'unreachable' || hold === 'maintenance'
}

export interface FleetHost {
  readonly uuid: string
  readonly name: string
  /** Row in {@link FleetView.hosts}. */
  readonly row: number
  readonly report: HostReport
  /** Milliseconds since it was written. */
  readonly age: number
  /** Undefined: guests may come and go. */
  readonly hold: HostHold | undefined
  /** CPU that guests may have: capacity less background, in pCPUs. */
  readonly capacity: number
  /** Sum of its guests' demand, as they can be expected to want. */
  readonly demand: number
  /** Smoothed, of the worst-served vCPU here, the part of the time that it waits; undefined: not known. */
  readonly delay: number | undefined
  /** Bytes that guests may hold, that they hold, and that is on its way here. */
  readonly budget: number
  readonly committed: number
  readonly arriving: number
  readonly guests: readonly FleetGuest[]
}

export interface FleetGuest {
  readonly uuid: string
  readonly name: string
  /** Row in {@link FleetView.guests}. */
  readonly row: number
  readonly host: FleetHost
  /** Where it migrates to; undefined: it does not migrate, or the target does not report. */
  readonly goingTo: FleetHost | undefined
  readonly report: GuestReport
  /** pCPUs that it can be expected to want in the next minutes; undefined: not known. */
  readonly demand: number | undefined
  /** The same of its largest vCPU; undefined: not known, or a tick of before this was told. */
  readonly largest?: number | undefined
  /** pCPUs that its demand strays from its mean by itself: root of the mean square. */
  readonly swing?: number | undefined
  /** Bytes that it takes on a host that it comes to: what it has or needs, the larger, and the hypervisor's overhead. */
  readonly memory: number
  /** Why it stays where it is. Empty: it may move. {@link staysForGood} tells what a cool-down alone does not hold up. */
  readonly stays: readonly StayReason[]
}

/** Whether something keeps a guest where it is also when its host is to be empty, or is out of memory. */
export function staysForGood({ stays }: Pick<FleetGuest, 'stays'>): boolean {
  return stays.some(({ kind }) => kind !== 'cooling-down')
}

/** A migration under way. */
export interface FleetMigration {
  /** UUID and name of the guest. */
  readonly guest: string
  readonly name: string
  /** UUIDs of both hosts, where they are known. */
  readonly from: string | undefined
  readonly to: string | undefined
  /** The order that it carries out, where it is one of ours and not over. */
  readonly order: string | undefined
  /** Whether another program began it. */
  readonly isForeign: boolean
}
