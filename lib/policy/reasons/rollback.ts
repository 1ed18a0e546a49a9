import { formatBytes, formatPercent } from '../../util/format.ts'
import { define, plain, type ReasonsIn } from './figures.ts'

/** Why a change is undone: by the loop, or by `restore`. */
export const rollbackReasons = {
  'rollback-delay': define(
    { domain: 'text', vcpu: 'vcpu', on: 'pcpu', delay: 'fraction', before: 'fraction', expected: 'fraction' },
    ({ domain, vcpu, on, delay, before, expected }) =>
      `rolled back: the delay of ${domain} vCPU ${vcpu} is ${formatPercent(delay)} on pCPU ${on}, ` +
      `where the longest was ${formatPercent(before)} before, and ${formatPercent(expected)} was expected`,
  ),
  'rollback-swap': define(
    { size: 'bytes', swappedOut: 'bytes' },
    ({ size, swappedOut }) => `${at(size)} swapped out ${formatBytes(swappedOut)}`,
  ),
  'rollback-faults': define(
    { size: 'bytes', majorFaults: '1/s' },
    ({ size, majorFaults }) => `${at(size)} had ${Math.round(majorFaults)} major faults a second`,
  ),
  'rollback-oom': define({ size: 'bytes' }, ({ size }) => `${at(size)} is likely to have lost a program`),
  'restore-original': plain('as it was before Ballast changed it'),
} as const

export type RollbackReason = ReasonsIn<typeof rollbackReasons>

function at(size: number): string {
  return `rolled back: at ${formatBytes(size)} it`
}
