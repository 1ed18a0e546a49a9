import { formatBytes, formatPercent } from '../../util/format.ts'
import { define, plain, type ReasonsIn } from './figures.ts'

/** A guest as `shares` sees it: bytes to spare of its balloon's size, and how fast its use rises. */
const guest = { spare: 'bytes', size: 'bytes', growth: 'bytes/s', underPressure: 'flag' } as const

interface Guest {
  readonly spare: number
  readonly size: number
  readonly growth: number
  readonly underPressure: boolean
}

/** A guest as `watermark` sees it, and the mark that it is on the other side of. */
const marked = { unused: 'bytes', size: 'bytes', growth: 'bytes/s', mark: 'bytes' } as const

/** Why a ballooning policy wants a balloon to have another size. */
export const ballooningReasons = {
  'shares-grant': define(
    { ...guest, goal: 'bytes' },
    ({ goal, ...rest }) => `${sharing(rest)}, is to have ${formatBytes(goal)}`,
  ),
  'shares-reclaim': define(
    { ...guest, lack: 'bytes' },
    ({ lack, ...rest }) => `${sharing(rest)}, others lack ${formatBytes(lack)}`,
  ),
  'shares-surplus': define(
    { ...guest, goal: 'bytes' },
    ({ goal, ...rest }) => `${sharing(rest)}, needs no more than ${formatBytes(goal)}`,
  ),
  'shares-refused': define(
    { actual: 'bytes', asked: 'bytes' },
    ({ actual, asked }) =>
      `its balloon stays at ${formatBytes(actual)} and does not come to ${formatBytes(asked)}`,
  ),
  'watermark-low': define(marked, ({ mark, ...rest }) => `${unusedOf(rest)}, below ${formatBytes(mark)}`),
  'watermark-high': define(marked, ({ mark, ...rest }) => `${unusedOf(rest)}, above ${formatBytes(mark)}`),
  cagma: define({ critical: 'bytes', available: 'bytes' }, critical),
  'cagma-swapping': define(
    { critical: 'bytes', available: 'bytes' },
    (figures) => `${critical(figures)}: it swaps`,
  ),
  'idle-tax': define(
    { active: 'bytes', size: 'bytes', shares: 'number', goal: 'bytes' },
    ({ active, size, shares, goal }) =>
      `${formatBytes(active)} active of ${formatBytes(size)}, ${shares} shares buy ${formatBytes(goal)}`,
  ),
  mom: define(
    { hostFree: 'fraction', used: 'bytes', size: 'bytes' },
    ({ hostFree, used, size }) =>
      `${formatPercent(hostFree)} of the host free, uses ${formatBytes(used)} of ${formatBytes(size)}`,
  ),
  'proxmox-below': define(
    { hostBelow: 'bytes', isComfortable: 'flag', unused: 'bytes' },
    ({ hostBelow, ...rest }) => `host ${formatBytes(hostBelow)} below its target, ${comfort(rest)}`,
  ),
  'proxmox-above': define(
    { hostAbove: 'bytes', isComfortable: 'flag', unused: 'bytes' },
    ({ hostAbove, ...rest }) => `host ${formatBytes(hostAbove)} above its target, ${comfort(rest)}`,
  ),
  qubes: define(
    { used: 'bytes', preferred: 'bytes', size: 'bytes', free: 'bytes' },
    ({ used, preferred, size, free }) =>
      `uses ${formatBytes(used)} and would like ${formatBytes(preferred)}, has ${formatBytes(size)}; ${formatBytes(free)} are free`,
  ),
  squeezed: define(
    { gamma: 'fraction', minimum: 'bytes', maximum: 'bytes', giving: 'number' },
    ({ gamma, minimum, maximum, giving }) =>
      `gamma ${gamma.toFixed(3)} of ${formatBytes(minimum)} to ${formatBytes(maximum)}, ` +
      (giving > 0 ? `${giving} to give first` : 'none to give'),
  ),
  'squeezed-uncooperative': plain('uncooperative'),
} as const

export type BallooningReason = ReasonsIn<typeof ballooningReasons>

function sharing({ spare, size, growth, underPressure }: Guest): string {
  return `${formatBytes(spare)} to spare of ${formatBytes(size)}${rising(growth)}${underPressure ? ', under memory pressure' : ''}`
}

function unusedOf({ unused, size, growth }: { unused: number; size: number; growth: number }): string {
  return `${formatBytes(unused)} unused of ${formatBytes(size)}${rising(growth)}`
}

function rising(growth: number): string {
  return growth > 0 ? `, use rising by ${formatBytes(growth)}/s` : ''
}

function critical({ critical, available }: { critical: number; available: number }): string {
  return `critical ${formatBytes(critical)}, available ${formatBytes(available)}`
}

function comfort({ isComfortable, unused }: { isComfortable: boolean; unused: number }): string {
  return `${isComfortable ? 'comfortable' : 'pressed'} with ${formatBytes(unused)} free`
}
