import type { Contest } from './contests/contest.ts'
import { restless, usable } from './contests/events.ts'
import { pinned } from './contests/pins.ts'
import { classic, limited, saturated, shaped, unequal, uneven } from './contests/placements.ts'

/** All contests of the schedulers, in their order. */
export const contests: readonly Contest[] = [
  ...classic,
  ...saturated,
  ...limited,
  ...uneven,
  ...unequal,
  ...shaped,
  ...restless,
  ...pinned,
  ...usable,
]
