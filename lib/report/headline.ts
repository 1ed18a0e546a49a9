import { counted, formatBytes } from '../util/format.ts'
import { deviationPercent, isFullSample } from '../view/cpu/pcpu-loads.ts'
import type { View } from '../view/view.ts'

/** The state of a host in parts: guests and pCPUs, deviation of load, memory. Unknown parts are left out. */
export function headline(view: View): string[] {
  const { committed, budget } = view.memory
  return [
    `${counted(view.domains.length, 'guest')} on ${counted(view.online.size, 'pCPU')}`,
    ...(isFullSample(view) ? [`deviation ${deviationPercent(view).toFixed(1)} %`] : []),
    ...(view.domains.some(({ memory }) => memory.actual !== undefined)
      ? [`memory given ${formatBytes(committed)} of ${formatBytes(budget)}`]
      : []),
  ]
}
