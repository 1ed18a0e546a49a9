import { schedulerPolicies } from '../../lib/policies.ts'
import type { Scheduler } from '../../lib/policy/plan.ts'
import * as schedulers from '../../lib/schedulers/index.ts'
import { usageBased } from './usage-based.ts'

/** Who goes through the contests, by name. */
export const policies: Readonly<Record<string, () => Scheduler>> = {
  ...Object.fromEntries(Object.values(schedulerPolicies).map(({ name, create }) => [name, () => create()])),
  balance: () => schedulers.balance({ background: true }),
  usage: () => usageBased,
  none: () => () => [],
}
