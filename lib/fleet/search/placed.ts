import type { StepReason } from '../reasons/step.ts'
import type { Search } from './search.ts'

/** A unit, and the host that it is put on. */
export interface Placed {
  readonly unit: number
  readonly host: number
}

/** Delays that differ by less are alike. */
export const alikeDelay = 0.005

/** By host: delay that counts as reached, whatever is aimed at: what nothing can mend, or what nobody suffers from. */
export function excusedDelays({ columns }: Search, suffers: (host: number) => boolean): Float64Array {
  return columns.delay.map((delay, host) => {
    if (!suffers(host)) return delay
    const staying = columns.on[host]!.filter((unit) => !columns.isMovable(unit))
    return staying.length === 0 ? 0 : columns.delayOf(staying, host)
  })
}

/** The longest delay that is not excused. */
export function worstDelay({ columns }: Search, excused: Float64Array): number {
  let worst = 0
  for (const [host, delay] of columns.delay.entries()) {
    if (delay > excused[host]! + alikeDelay) worst = Math.max(worst, delay)
  }
  return worst
}

/** Puts all of them where they are to be, each for the reason that is known, or for what it does to the vCPUs of both hosts. */
export function relieveBy(
  search: Search,
  placed: readonly Placed[],
  reasons?: ReadonlyMap<number, StepReason>,
): void {
  const { columns } = search
  for (const { unit, host } of placed) {
    const from = columns.at[unit]!
    const why: StepReason = {
      kind: 'relieve-delay',
      demand: columns.units[unit]!.demand,
      delay: columns.delay[from]!,
      left: columns.delayWith(from, unit, -1),
      there: columns.delayWith(host, unit, 1),
    }
    search.put(unit, host, reasons?.get(unit) ?? why)
  }
}

/** What was put somewhere to relieve vCPUs. */
export function reliefOf({ columns, decisions }: Search): Placed[] {
  const own = [...decisions].filter(([, { kind }]) => kind === 'relieve-delay')
  return own.map(([unit]) => ({ unit, host: columns.at[unit]! }))
}
