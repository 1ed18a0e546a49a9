import type { Scheduler } from '../../lib/policy/plan.ts'
import * as schedulers from '../../lib/schedulers/index.ts'
import { usageBased } from './usage-based.ts'

/** Who goes through the contests, by name. */
export const policies: Readonly<Record<string, () => Scheduler>> = {
  balance: () => schedulers.balance({ background: true }),
  lpt: () => schedulers.lpt(),
  oneMove: () => schedulers.oneMove(),
  roundRobin: () => schedulers.roundRobin(),
  pack: () => schedulers.pack(),
  fair: () => schedulers.fair(),
  usage: () => usageBased,
  none: () => () => [],
}
