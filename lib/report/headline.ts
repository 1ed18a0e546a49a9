import { lowest } from '../control/summary.ts'
import type { Tick } from '../control/tick.ts'
import { counted, formatBytes, formatBytesOf, formatPercent } from '../util/format.ts'
import { deviationOf, isFullSample } from '../view/cpu/pcpu-loads.ts'
import { hugePageBytes } from '../view/memory/host-memory.ts'
import type { View } from '../view/view.ts'

/** The state of a host in parts: guests and pCPUs, deviation of load, memory, lowest score. Unknown parts are left out. */
export function headline(tick: Pick<Tick, 'view' | 'scores'>): string[] {
  const { view } = tick
  const { committed, budget } = view.memory
  return [
    `${counted(view.domains.length, 'guest')} on ${counted(view.online.size, 'pCPU')}`,
    ...(isFullSample(view) ? [`deviation ${formatPercent(deviationOf(view))}`] : []),
    ...(view.domains.some(({ memory }) => memory.actual !== undefined)
      ? [`memory given ${formatBytes(committed)} of ${formatBytes(budget)}`]
      : []),
    ...hugePages(view),
    ...[lowest(tick) ?? []].flat(),
  ]
}

/** How much of the host's pools of huge pages is in use; where that is not known, how much there is. */
function hugePages({ memory: { hugePages: pools } }: View): string[] {
  if (!pools) return []
  const total = hugePageBytes(pools)
  const isKnown = pools.every(({ free }) => free !== undefined)
  const used = total - pools.reduce((sum, { free = 0 }) => sum + free, 0)
  return [`huge pages ${isKnown ? formatBytesOf(used, total) : formatBytes(total)}`]
}
