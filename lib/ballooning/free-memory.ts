import type { View } from '../view/view.ts'

/**
 * Bytes that can be granted now: within the budget, and of what the host has available above its reserve what no
 * domain may yet take without asking. Memory that was granted and is not resident yet looks free, and is not.
 * Negative: the host has given more than it has.
 */
export function freeMemory({ memory, domains }: View): number {
  let resident = 0
  for (const { memory: own } of domains) resident += own.rss ?? own.actual ?? 0
  const promised = Math.max(0, memory.committed - resident)
  const seen = (memory.available ?? Number.POSITIVE_INFINITY) - memory.reserve - memory.reserved - promised
  return Math.min(memory.budget - memory.committed, seen)
}
