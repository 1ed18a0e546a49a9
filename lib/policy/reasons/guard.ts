import { formatBytes } from '../../util/format.ts'
import { define, plain, type ReasonsIn } from './figures.ts'

/** Why the guard changed or denied an action, apart from what is skipped whatever is wanted. */
export const guardReasons = {
  // Actions that make no sense.
  'unknown-domain': define({ uuid: 'text' }, ({ uuid }) => `no domain with the UUID ${uuid} is active`),
  'unknown-vcpu': define(
    { domain: 'text', vcpu: 'number' },
    ({ domain, vcpu }) => `${domain} has no vCPU ${vcpu}`,
  ),
  'invalid-size': define({ size: 'number' }, ({ size }) => `${size} is no size in bytes`),
  repeated: plain('an earlier action of this plan is about the same'),
  // Balloons.
  'above-maximum': define({ maximum: 'bytes', plugged: 'bytes?' }, ({ maximum, plugged }) => {
    const device =
      plugged === undefined
        ? ''
        : `, ${formatBytes(plugged)} of it by virtio-mem devices, which are left to their owner`
    return `it can have ${formatBytes(maximum)} at most${device}`
  }),
  'above-ceiling': define(
    { memoryCeiling: 'bytes' },
    ({ memoryCeiling }) => `its settings say ${formatBytes(memoryCeiling)} at most`,
  ),
  'below-use': define(
    { used: 'bytes', margin: 'bytes' },
    ({ used, margin }) => `it uses ${formatBytes(used)} and keeps ${formatBytes(margin)} more`,
  ),
  'below-memory-floor': define(
    { memoryFloor: 'bytes' },
    ({ memoryFloor }) => `its settings say ${formatBytes(memoryFloor)} at least`,
  ),
  'below-guest-floor': define(
    { guestFloor: 'bytes' },
    ({ guestFloor }) => `no guest goes below ${formatBytes(guestFloor)}`,
  ),
  'no-headroom': define(
    { headroom: 'bytes' },
    ({ headroom }) => `the host has ${formatBytes(headroom)} left to grant`,
  ),
  'same-size': define({ actual: 'bytes', target: 'bytes?' }, ({ actual, target }) => {
    const asked = target === undefined ? '' : ` and is on its way to ${formatBytes(target)}`
    return `it has ${formatBytes(actual)}${asked} already`
  }),
  // Pins.
  'affinity-unknown': plain('its present affinity is not known and could not be restored'),
  'pinned-externally': define(
    { cpus: 'cpus' },
    ({ cpus }) => `another program pinned it to ${cpus}: it is not changed until it restarts`,
  ),
  'none-allowed': define(
    { cpus: 'cpus', allowed: 'cpus', online: 'cpus' },
    ({ cpus, allowed, online }) => `none of ${cpus} is allowed (${allowed}) and online (${online})`,
  ),
  'partly-allowed': define(
    { allowed: 'cpus', online: 'cpus' },
    ({ allowed, online }) => `allowed are ${allowed}, online ${online}`,
  ),
  'pinned-already': define({ affinity: 'cpus' }, ({ affinity }) => `it is pinned to ${affinity} already`),
  'pinned-as-asked': define(
    { cpus: 'cpus', affinity: 'cpus' },
    ({ cpus, affinity }) => `it was pinned to ${cpus} already, and may run on ${affinity} of it`,
  ),
  // cpu_shares.
  'cpu-shares-invalid': define(
    { shares: 'number', least: 'number', most: 'number' },
    ({ shares, least, most }) =>
      `cpu_shares on this host are a whole number from ${least} to ${most}, not ${shares}`,
  ),
  'cpu-shares-unknown': plain('its cpu_shares are not known, and could not be restored'),
  'cpu-shares-given': define({ shares: 'number' }, ({ shares }) => `it was given ${shares} shares already`),
  'cpu-shares-refused': define(
    { message: 'text' },
    ({ message }) => `its cpu_shares cannot be changed: ${message}`,
  ),
  'cpu-shares-external': define(
    { shares: 'number' },
    ({ shares }) => `another program set its cpu_shares to ${shares}: they are not changed until it restarts`,
  ),
  // What came of it before.
  'failed-before': define(
    { times: 'number', pause: 'ms', message: 'text' },
    ({ times, pause, message }) => `it failed ${times} times, tried again in ${seconds(pause)}: ${message}`,
  ),
  'pin-hurt': define(
    { times: 'number', pause: 'ms' },
    ({ times, pause }) => `it did harm and was undone: ${often(times)}not again for ${seconds(pause)}`,
  ),
  'size-hurt': define(
    { least: 'bytes', times: 'number', pause: 'ms' },
    ({ least, times, pause }) =>
      `less than ${formatBytes(least)} hurt it: ${often(times)}not again for ${seconds(pause)}`,
  ),
} as const

export type GuardReason = ReasonsIn<typeof guardReasons>

function often(times: number): string {
  return times === 1 ? '' : `${times} times, `
}

function seconds(milliseconds: number): string {
  return `${Math.ceil(milliseconds / 1_000)} s`
}
