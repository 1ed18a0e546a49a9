import type { FleetPolicy } from '../../../lib/fleet/policies/fleet-policy.ts'
import { fleetPolicies as registered } from '../../../lib/fleet/policies.ts'

/** What the arena judges. */
export const subject = 'balance'

/** Those that balance: another kind empties hosts. */
export const fleetPolicies: Readonly<Record<string, () => FleetPolicy>> = Object.fromEntries(
  Object.values(registered)
    .filter(({ name }) => name !== 'pack')
    .map(({ name, create }) => [name, () => create()]),
)
