import type { AgedReport, FleetSettings, OpenOrder } from '../bus/fleet-bus.ts'
import type { FleetRules } from './fleet-rules.ts'

/** What a {@link FleetView} is made from. */
export interface FleetInput {
  /** Monotonic milliseconds of the leader; and milliseconds since the epoch, by its clock. */
  readonly time: number
  readonly wallTime: number
  readonly reports: readonly AgedReport[]
  readonly rules: FleetRules
  readonly settings: FleetSettings
  /** Orders that are not over, as `FleetBus.open` gives them. */
  readonly open: readonly OpenOrder[]
  /** What became of orders of the last 24 hours, in any order; older ones are left out of account. No dry runs. */
  readonly past: readonly PastMigration[]
}

/** A migration that was carried out, or failed. */
export interface PastMigration {
  /** UUIDs. */
  readonly guest: string
  readonly from: string
  readonly to: string
  /** Milliseconds since the epoch at its end, by the leader's clock. */
  readonly at: number
  readonly outcome: 'done' | 'failed'
}
