import { define, plain, type ReasonsIn } from '../../policy/reasons/figures.ts'
import { formatPercent } from '../../util/format.ts'
import { inTime } from './words.ts'

/** Why the leader of a fleet gives an order that no policy wanted, or none although one did. */
export const loopReasons = {
  'did-harm': define(
    { expected: 'fraction', delay: 'fraction' },
    ({ expected, delay }) =>
      `goes back: the longest delay is ${formatPercent(delay)}, and ${formatPercent(expected)} was expected`,
  ),
  'asked-for': define({ by: 'text' }, ({ by }) => `${by} asked for it`),
  'did-not-help': define(
    { remaining: 'ms' },
    ({ remaining }) =>
      `the last steps here did not help: none is made for balance in the next ${inTime(remaining)}`,
  ),
  following: plain('it is waited for what came of the last step'),
  'other-balancer': define(
    { moves: 'number', remaining: 'ms' },
    ({ moves, remaining }) =>
      `another program balances this fleet (${moves} migrations that were not ordered here): no step for balance in the ` +
      `next ${inTime(remaining)}`,
  ),
  'drain-comes-first': define({ host: 'text' }, ({ host }) => `planned anew: ${host} is to be empty first`),
  'memory-comes-first': define(
    { host: 'text' },
    ({ host }) => `planned anew: guests of ${host} need more memory than it has`,
  ),
  'move-comes-first': define(
    { guest: 'text' },
    ({ guest }) => `planned anew: a move of ${guest} was asked for`,
  ),
  'outcome-unknown': define(
    { guest: 'text' },
    ({ guest }) => `whether ${guest} was migrated is not known yet: both hosts are looked at first`,
  ),
  'policy-failed': define(
    { policy: 'text', message: 'text' },
    ({ policy, message }) => `${policy} failed: ${message}`,
  ),
} as const

export type LoopReason = ReasonsIn<typeof loopReasons>
