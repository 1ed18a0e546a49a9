import { ballooningPolicies } from '../../../lib/policies.ts'
import type { Ballooning } from '../../../lib/policy/plan.ts'

/** Who goes through the contests, by name. */
export const memoryPolicies: Readonly<Record<string, () => Ballooning>> = {
  ...Object.fromEntries(Object.values(ballooningPolicies).map(({ name, create }) => [name, () => create()])),
  none: () => () => [],
}

/** Whom the claims are about. */
export const subject = 'shares'
