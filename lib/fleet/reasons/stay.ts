import { define, plain, type ReasonsIn } from '../../policy/reasons/figures.ts'
import { inTime } from './words.ts'

/** Why a guest stays on its host, whatever a policy wants. */
export const stayReasons = {
  'stays-by-itself': define({ why: 'text' }, ({ why }) => why),
  'stays-by-rule': define({ rule: 'text' }, ({ rule }) => `the fleet's rules never move ${rule}`),
  'not-running': plain('it does not run'),
  migrating: define({ to: 'text?' }, ({ to }) => `it migrates${to === undefined ? '' : ` to ${to}`} already`),
  'migrating-externally': plain('another program migrates it'),
  'requirement-unknown': plain('what it needs of a host is not known yet'),
  'reported-twice': define({ other: 'text' }, ({ other }) => `${other} reports it too`),
  'cooling-down': define(
    { moves: 'number', remaining: 'ms' },
    ({ moves, remaining }) => `moved ${moves} times within a day: it stays for another ${inTime(remaining)}`,
  ),
  'migration-failed': define(
    { times: 'number', remaining: 'ms' },
    ({ times, remaining }) => `its migration failed ${times} times: not again for ${inTime(remaining)}`,
  ),
} as const

export type StayReason = ReasonsIn<typeof stayReasons>
