import { define, plain, type ReasonsIn } from '../../policy/reasons/figures.ts'
import { formatBytes } from '../../util/format.ts'
import { inTime } from './words.ts'

/** Why the fleet's guard denies a step, or does not let it begin yet. */
export const fleetGuardReasons = {
  'unknown-guest': plain('no host reports this guest'),
  'unknown-host': define({ host: 'text' }, ({ host }) => `no host with the UUID ${host} reports`),
  'not-there': define({ host: 'text' }, ({ host }) => `the guest is on ${host}`),
  'same-host': plain('it is there already'),
  'guest-stays': define({ why: 'text' }, ({ why }) => `the guest stays where it is: ${why}`),
  'host-held': define(
    { host: 'text', why: 'text' },
    ({ host, why }) => `nothing moves from or to ${host}: ${why}`,
  ),
  'not-pinned-there': define({ rule: 'text' }, ({ rule }) => `the rules keep it on ${rule}`),
  'must-be-apart': define(
    { other: 'text', rule: 'text' },
    ({ other, rule }) => `${other} is there, and the rule "${rule}" keeps them apart`,
  ),
  'must-be-together': define(
    { other: 'text', rule: 'text' },
    ({ other, rule }) => `${other} would be elsewhere, and the rule "${rule}" keeps them together`,
  ),
  'cannot-run-there': define({ why: 'text' }, ({ why }) => `the target cannot run it: ${why}`),
  'not-answered': plain('the target has not said yet whether it can run it'),
  'no-room': define(
    { memory: 'bytes', room: 'bytes' },
    ({ memory, room }) =>
      `it takes ${formatBytes(memory)}, and the target has ${formatBytes(Math.max(0, room))} left`,
  ),
  'no-huge-pages': define(
    { hugePages: 'bytes', free: 'bytes' },
    ({ hugePages, free }) =>
      `it takes ${formatBytes(hugePages)} of huge pages, and the target has ${formatBytes(free)}`,
  ),
  'never-converges': define(
    { dirtyRate: 'bytes/s', bandwidth: 'bytes/s' },
    ({ dirtyRate, bandwidth }) =>
      `it writes ${formatBytes(dirtyRate)} a second anew, and ${formatBytes(bandwidth)} a second can be sent`,
  ),
  'takes-too-long': define(
    { duration: 'ms', longest: 'ms' },
    ({ duration, longest }) => `it would take ${inTime(duration)}, more than ${inTime(longest)}`,
  ),
  'no-host-to-spare': define(
    { host: 'text', guest: 'text' },
    ({ host, guest }) => `if ${host} failed then, ${guest} would find no room`,
  ),
  'enough-migrations': define(
    { running: 'number', most: 'number', where: 'text' },
    ({ running, most, where }) => `${running} of at most ${most} migrations are under way ${where}`,
  ),
  'follows-denied': define(
    { guest: 'text' },
    ({ guest }) => `it waits for the step of ${guest}, which is denied`,
  ),
  'outside-hours': define({ hours: 'text' }, ({ hours }) => `guests may be moved at ${hours} only`),
} as const

export type FleetGuardReason = ReasonsIn<typeof fleetGuardReasons>
