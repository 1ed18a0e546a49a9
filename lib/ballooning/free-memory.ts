import { unallocatedMemory } from '../view/memory/unallocated.ts'
import type { View } from '../view/view.ts'

/**
 * Bytes that can be granted now: unallocated, and not reserved for guests about to start. Negative: more was given than
 * there is.
 */
export function freeMemory(view: View): number {
  return unallocatedMemory(view) - view.memory.reserved
}
