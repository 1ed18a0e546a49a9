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
  /** The guests of all hosts, in their order. */
  readonly guests: readonly FleetGuest[]
  readonly rules: FleetRules
}

/** Why nothing is moved from a host, or to it. */
export type HostHold =
  | 'stale' // its report is older than three of its intervals
  | 'duplicate' // two agents have its UUID
  | 'dry run'
  | 'unreachable' // it does not say how others reach it
  | 'newer' // its report is of a newer version
  | 'maintenance' // it is draining: guests leave, none comes

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
  /** Sum of its guests' demand. */
  readonly demand: number
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
  readonly report: GuestReport
  /** Smoothed demand in pCPUs; undefined: not known. */
  readonly demand: number | undefined
  /** Bytes that it takes on a host that it comes to: what it has or needs, the larger, and the hypervisor's overhead. */
  readonly memory: number
  /** Why it stays where it is: its own reasons, and the cool-down of its last move. Empty: it may move. */
  readonly stays: readonly string[]
}
