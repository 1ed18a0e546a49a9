import { CpuSet } from '../host/cpuset.ts'

/** `<numatune>` of a domain, as far as it is read. */
export interface NumatuneElement {
  readonly memory?: MemoryElement | string
  readonly memnode?: readonly MemoryElement[] | MemoryElement
}
interface MemoryElement {
  readonly mode?: string
  readonly nodeset?: string
}

/** Modes under which memory comes from nowhere else; `strict` where none is given. */
const binding: ReadonlySet<string> = new Set(['strict', 'restrictive'])

/**
 * The NUMA cells that all memory of a domain is bound to: those of its guest's cells together, where they have their own;
 * undefined where some of it is not bound.
 */
export function boundCells(numatune: NumatuneElement | string | undefined): CpuSet | undefined {
  if (typeof numatune !== 'object') return undefined
  const nodes = [numatune.memnode ?? []].flat()
  const memory = typeof numatune.memory === 'object' ? [numatune.memory] : []
  const all = nodes.length > 0 ? nodes : memory
  let cells = CpuSet.empty
  for (const { mode = 'strict', nodeset } of all) {
    if (!binding.has(mode) || !nodeset) return undefined
    cells = cells.or(CpuSet.parse(nodeset))
  }
  return cells.isEmpty ? undefined : cells
}
