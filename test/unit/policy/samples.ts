import { CpuSet } from '../../../lib/host/cpuset.ts'
import { type Reason, reasonTables } from '../../../lib/policy/reason.ts'
import type { FigureUnits, Unit } from '../../../lib/policy/reasons/figures.ts'
import { MiB } from '../../../lib/util/units.ts'

/** Every kind of reason with the units of its figures. */
export const kinds: readonly [kind: string, figures: FigureUnits][] = Object.values(reasonTables).flatMap(
  (table) =>
    Object.entries<{ readonly figures: FigureUnits }>(table).map(
      ([kind, { figures }]): [string, FigureUnits] => [kind, figures],
    ),
)

/** A value that a figure of this unit could have; another for each `seed`. */
function sampleValue(unit: Unit, seed: number): unknown {
  switch (unit) {
    case 'fraction':
    case 'load':
      return (seed % 89) / 100 + 0.05
    case 'bytes':
    case 'bytes/s':
      return (100 + 7 * seed) * MiB
    case 'ms':
      return 1_000 * (seed + 2)
    case '1/s':
      return 100 + 3 * seed
    case 'number':
    case 'pcpu':
    case 'vcpu':
      return 11 + seed
    case 'cpus':
      return CpuSet.of(seed)
    case 'text':
      return `words ${String.fromCharCode(97 + (seed % 26))}`
    case 'flag':
      return seed < 31
  }
}

/** Names and units, without the mark of those that may be left out. */
export function unitsOf(figures: FigureUnits): [name: string, unit: Unit][] {
  return Object.entries(figures).map(([name, unit]) => [name, unit.replace('?', '') as Unit])
}

/** A reason of this kind with all figures; `change` names one that has another value than usual. */
export function sampleOf(kind: string, figures: FigureUnits, change?: string): Reason {
  const values = unitsOf(figures).map(([name, unit], i): [string, unknown] => {
    return [name, sampleValue(unit, name === change ? 31 + i : 2 * (i + 1))]
  })
  return { kind, ...Object.fromEntries(values) } as unknown as Reason
}
