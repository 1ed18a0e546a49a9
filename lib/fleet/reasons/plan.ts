import { define, plain, type ReasonsIn } from '../../policy/reasons/figures.ts'
import { formatBytes, formatPercent } from '../../util/format.ts'
import { inTime } from './words.ts'

/** The fleet now: delay of its worst-served vCPU, and standard deviation of its hosts' loads. */
const now = { delay: 'fraction', deviation: 'fraction' } as const

interface Now {
  readonly delay: number
  readonly deviation: number
}

/** Why a plan is what it is: of the whole, of what was weighed beside it, and of guests that nothing could be done for. */
export const planReasons = {
  // Nothing is done.
  'fleet-rests': define(now, (figures) => `no step: ${standing(figures)}`),
  'fleet-waits': define(
    { ...now, rounds: 'number', needed: 'number' },
    ({ rounds, needed, ...rest }) =>
      `no step yet: ${standing(rest)}; seen in ${rounds} rounds in a row, steps begin after ${needed}`,
  ),
  'fleet-helpless': define(now, (figures) => `no step: ${standing(figures)}; no migration makes that better`),
  'fleet-unpaid': define(
    { ...now, steps: 'number', lost: 'ms', gained: 'ms' },
    ({ steps, lost, gained, ...rest }) =>
      `no step: ${standing(rest)}; ${steps} steps would cost guests ${inTime(lost)} of CPU time and save them ` +
      `${inTime(gained)} of waiting`,
  ),
  'fleet-paused': define({ by: 'text' }, ({ by }) => `no step: paused by ${by}`),
  'fleet-hours': define({ hours: 'text' }, ({ hours }) => `no step: guests may be moved at ${hours} only`),
  'fleet-contradicted': define(
    { problems: 'number' },
    ({ problems }) => `no step: the fleet's rules contradict each other in ${problems} places`,
  ),
  // Something is.
  'fleet-moves': define(
    { ...now, steps: 'number', reached: 'fraction', spread: 'fraction' },
    ({ steps, reached, spread, ...rest }) =>
      `${standing(rest)}; ${steps} steps bring them to ${formatPercent(reached)} and ${formatPercent(spread)}`,
  ),
  'fleet-packs': define(
    { steps: 'number', emptied: 'number', hosts: 'number' },
    ({ steps, emptied, hosts }) => `${steps} steps empty ${emptied} of ${hosts} hosts`,
  ),
  'usage-differs': define(
    { difference: 'fraction', most: 'fraction' },
    ({ difference, most }) =>
      `the usage of hosts differs by ${formatPercent(difference)}, ${formatPercent(most)} is tolerated`,
  ),
  // What was weighed beside it.
  'fewer-steps': define(
    { steps: 'number', delay: 'fraction' },
    ({ steps, delay }) => `with ${steps} steps, the longest delay would still be ${formatPercent(delay)}`,
  ),
  'more-steps': define(
    { steps: 'number', delay: 'fraction' },
    ({ steps, delay }) =>
      `with ${steps} steps, the longest delay would be ${formatPercent(delay)}: not enough less for that many`,
  ),
  // What could not be done.
  'no-target': define(
    { memory: 'bytes', hosts: 'number' },
    ({ memory, hosts }) => `none of ${hosts} hosts may take it and has ${formatBytes(memory)} to spare`,
  ),
  'not-gathered': define(
    { rule: 'text', memory: 'bytes' },
    ({ rule, memory }) =>
      `the rule "${rule}" is broken: none of the hosts that its guests are on may take all of them, ${formatBytes(memory)}`,
  ),
  'no-detour': define(
    { to: 'text' },
    ({ to }) => `it would fit on ${to} when others have left, and no host can take one of them meanwhile`,
  ),
  'soft-rule-broken': define(
    { rule: 'text' },
    ({ rule }) => `the rule "${rule}" is broken: nothing else helps`,
  ),
  'no-fleet': plain('no step: no host reports'),
} as const

export type PlanReason = ReasonsIn<typeof planReasons>

function standing({ delay, deviation }: Now): string {
  return `the longest delay is ${formatPercent(delay)}, loads deviate by ${formatPercent(deviation)}`
}
