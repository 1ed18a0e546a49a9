import type { HugePagePool } from '../host/sample.ts'
import type { NumaCell } from '../host/topology.ts'
import { MiB } from '../util/units.ts'
import type { DomainScenario } from './scenario.ts'

const pageSize = 2 * MiB

/** A host's huge pages: taken out of its memory from the beginning, used or not, and dealt to its NUMA cells evenly. */
export class HugePages {
  readonly bytes: number
  readonly #cells: readonly NumaCell[]

  constructor(bytes: number, cells: readonly NumaCell[]) {
    const parts = pageSize * cells.length
    this.bytes = Math.ceil(bytes / parts) * parts
    this.#cells = cells
  }

  /** As the kernel shows them, while each guest holds so much. */
  pools(held: readonly number[]): HugePagePool[] {
    if (this.bytes === 0) return []
    const used = held.reduce((sum, bytes) => sum + bytes, 0)
    const part = 1 / this.#cells.length
    return this.#cells.map(({ id }) => {
      return { cell: id, pageSize, total: this.bytes * part, free: Math.max(0, this.bytes - used) * part }
    })
  }
}

/** Bytes that a domain is on huge pages with while it runs. */
export function hugePagesOf({ memory }: DomainScenario, defaultMaximum: number): number {
  return memory?.pinned === 'huge pages' ? (memory.maximum ?? defaultMaximum) : 0
}
