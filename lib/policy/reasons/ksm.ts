import { formatPercent } from '../../util/format.ts'
import { define, plain, type ReasonsIn } from './figures.ts'

/** Why a policy wants KSM faster, slower, on or off. */
export const ksmReasons = {
  'ksm-pace': define(
    { available: 'fraction', busy: 'fraction', from: 'number', to: 'number', sleep: 'ms' },
    ({ available, busy, from, to, sleep }) =>
      `${formatPercent(available)} of memory available, ${formatPercent(busy)} of CPU busy: ` +
      `${from} to ${to} pages each ${sleep} ms`,
  ),
  'ksm-switch': define(
    { available: 'fraction', busy: 'fraction', to: 'text' },
    ({ available, busy, to }) =>
      `${formatPercent(available)} of memory available, ${formatPercent(busy)} of CPU busy: switched ${to}`,
  ),
} as const

/** Why KSM, or its pace, is not changed, whatever the policy wants. */
export const ksmSkipReasons = {
  'ksm-unavailable': plain('the host has none, or libvirt does not tell'),
  'ksm-off': plain(
    'it is switched off, and Ballast may not switch it on here: echo 1 > /sys/kernel/mm/ksm/run',
  ),
  'ksm-advisor': define(
    { advisor: 'text' },
    ({ advisor }) => `the kernel's advisor (${advisor}) sets its pace, and Ballast may not switch it here`,
  ),
  'ksm-advisor-pace': define(
    { advisor: 'text' },
    ({ advisor }) => `the kernel's advisor (${advisor}) sets its pace: it is only switched on and off`,
  ),
  'ksm-changed-externally': define(
    { state: 'text', pagesToScan: 'number', sleep: 'ms' },
    ({ state, pagesToScan, sleep }) =>
      `another program changed it to ${pagesToScan} pages each ${sleep} ms, ${state}`,
  ),
  'ksm-refused': define({ message: 'text' }, ({ message }) => `it cannot be changed: ${message}`),
  'ksm-invalid-pace': define({ value: 'number' }, ({ value }) => `${value} is no pace of KSM`),
} as const

export type KsmReason = ReasonsIn<typeof ksmReasons>
export type KsmSkipReason = ReasonsIn<typeof ksmSkipReasons>
