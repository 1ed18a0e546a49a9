import { counted } from '../util/format.ts'
import { GiB, MiB } from '../util/units.ts'
import { deviationPercent, isFullSample } from '../view/cpu/pcpu-loads.ts'
import type { View } from '../view/view.ts'

/** What stands for a value that is not known. */
const unknown = '-'

/** A fraction in whole percent: `75 %`. */
export function percent(fraction: number | undefined): string {
  return fraction === undefined ? unknown : `${Math.round(100 * fraction)} %`
}

/** Bytes in MiB below ten GiB and in GiB above: `257 MiB`, `31.3 GiB`. */
export function size(bytes: number | undefined): string {
  if (bytes === undefined) return unknown
  return Math.abs(bytes) < 10 * GiB ? `${Math.round(bytes / MiB)} MiB` : `${(bytes / GiB).toFixed(1)} GiB`
}

/** A part and its whole in the same unit: `512/2048 MiB`. */
export function sizeOf(part: number | undefined, whole: number | undefined): string {
  if (part === undefined || whole === undefined) return size(part)
  const [unit, digits, name] = whole < 10 * GiB ? [MiB, 0, 'MiB'] : [GiB, 1, 'GiB']
  return `${(part / unit).toFixed(digits)}/${(whole / unit).toFixed(digits)} ${name}`
}

/** What is there and how level it is, in parts: what is not known is left out. */
export function headline(view: View): string[] {
  const { committed, budget } = view.memory
  return [
    `${counted(view.domains.length, 'guest')} on ${counted(view.online.size, 'pCPU')}`,
    ...(isFullSample(view) ? [`deviation ${deviationPercent(view).toFixed(1)} %`] : []),
    ...(view.domains.some(({ memory }) => memory.actual !== undefined)
      ? [`memory given ${size(committed)} of ${size(budget)}`]
      : []),
  ]
}
