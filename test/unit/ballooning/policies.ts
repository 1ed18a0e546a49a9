import { ballooningPolicies, type RegisteredPolicy } from '../../../lib/policies.ts'
import type { Ballooning } from '../../../lib/policy/plan.ts'

/** All ballooning policies with their defaults, by name. */
export const policies = byName(Object.values(ballooningPolicies))

/** Those that others have published. */
export const published = byName(
  Object.values(ballooningPolicies).filter(({ name }) => name !== 'shares' && name !== 'watermark'),
)

function byName(
  registered: readonly RegisteredPolicy<Ballooning>[],
): Readonly<Record<string, () => Ballooning>> {
  return Object.fromEntries(registered.map(({ name, create }) => [name, () => create()]))
}
