import type { NatsOptions } from '../../fleet/nats/nats-options.ts'
import type { FleetPolicy } from '../../fleet/policies/fleet-policy.ts'
import type { MigrationReach } from '../../fleet/report/host-report.ts'
import type { FleetRules } from '../../fleet/view/fleet-rules.ts'

/** Milliseconds from one report, or round, to the next when none are given. */
export const defaultFleetInterval = 10_000

/** What the configuration says of the fleet that the host is a member of. */
export interface FleetConfig {
  readonly nats: NatsOptions
  /** How other hosts reach this one; undefined: they cannot. */
  readonly reach: MigrationReach | undefined
  /** Milliseconds. */
  readonly interval: number
  /** Whether this host may lead. */
  readonly leads: boolean
  readonly dryRun: boolean
  readonly policy: { readonly name: string; readonly options: object; readonly policy: FleetPolicy }
  readonly rules: FleetRules
}

/** What is compared to tell whether two configurations say the same of a fleet. */
export function plainFleet(fleet: FleetConfig | undefined): object | undefined {
  return fleet && { ...fleet, policy: { name: fleet.policy.name, options: fleet.policy.options } }
}
