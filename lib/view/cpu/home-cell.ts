import type { CpuSample } from '../../host/sample.ts'
import type { Topology } from '../../host/topology.ts'

/** NUMA cells by pCPU number. */
export type CellOf = ReadonlyMap<number, number>

export function cellsOf(topology: Topology): CellOf {
  return new Map(topology.pcpus.map(({ id, cell }) => [id, cell]))
}

/**
 * The cell in which most vCPUs of domain `index` ran last, the lowest of equals; undefined when that is not known
 * of any. Seen early it shows where a domain's memory is: the kernel takes it where the vCPU runs that asks first.
 */
export function homeCell(cpu: CpuSample, index: number, cellOf: CellOf): number | undefined {
  const counts = new Map<number, number>()
  for (let row = cpu.vcpuStart[index]!; row < cpu.vcpuStart[index + 1]!; row++) {
    const cell = cellOf.get(cpu.pcpu[row]!)
    if (cell !== undefined) counts.set(cell, (counts.get(cell) ?? 0) + 1)
  }
  let home: number | undefined
  for (const [cell, count] of counts) {
    const most = home === undefined ? 0 : counts.get(home)!
    if (count > most || (count === most && cell < home!)) home = cell
  }
  return home
}
