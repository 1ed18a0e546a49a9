import { formatPercent } from '../../util/format.ts'
import { define, plain, type ReasonsIn } from './figures.ts'

/** Why a policy wants another pace of same-page merging. */
export const ksmReasons = {
  'ksm-pace': define(
    { available: 'fraction', busy: 'fraction', from: 'number', to: 'number', sleep: 'ms' },
    ({ available, busy, from, to, sleep }) =>
      `${formatPercent(available)} of memory available, ${formatPercent(busy)} of CPU busy: ` +
      `${from} to ${to} pages each ${sleep} ms`,
  ),
} as const

/** Why the pace of same-page merging is not changed, whatever the policy wants. */
export const ksmSkipReasons = {
  'ksm-unavailable': plain('the host has none, or libvirt does not tell'),
  'ksm-off': plain('it is switched off, and libvirt cannot switch it on: echo 1 > /sys/kernel/mm/ksm/run'),
  'ksm-changed-externally': define(
    { pagesToScan: 'number', sleep: 'ms' },
    ({ pagesToScan, sleep }) => `another program changed its pace to ${pagesToScan} pages each ${sleep} ms`,
  ),
  'ksm-refused': define({ message: 'text' }, ({ message }) => `its pace cannot be changed: ${message}`),
  'ksm-invalid-pace': define({ value: 'number' }, ({ value }) => `${value} is no pace of merging`),
} as const

export type KsmReason = ReasonsIn<typeof ksmReasons>
export type KsmSkipReason = ReasonsIn<typeof ksmSkipReasons>
