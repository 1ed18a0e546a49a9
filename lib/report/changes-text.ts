import type { Action } from '../policy/plan.ts'
import { counted } from '../util/format.ts'

const nouns: readonly (readonly [Action['kind'], string])[] = [
  ['pin', 'pin'],
  ['setMemory', 'balloon size'],
  ['setShares', 'share'],
]

/** `12 pins, 3 balloon sizes`. */
export function changesText(kinds: readonly Action['kind'][]): string {
  const parts = nouns.flatMap(([kind, noun]) => {
    const count = kinds.filter((other) => other === kind).length
    return count > 0 ? [counted(count, noun)] : []
  })
  return parts.join(', ') || 'none'
}
