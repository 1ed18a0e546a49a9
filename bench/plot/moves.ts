import type { Tick } from '../../lib/control/tick.ts'
import { isMove } from '../../lib/policy/plan.ts'
import { line, margin, type TimeAxis, text } from './plot.ts'

/** Numbers nearer to each other than this could not be told apart. */
const leastDistance = 16

/** Marks the ticks in which vCPUs were moved, down to `bottom`, with how many above. */
export function markMoves(ticks: readonly Tick[], axis: TimeAxis, bottom: number): string[] {
  const top = margin.top - 4
  const parts: string[] = []
  let written = Number.NEGATIVE_INFINITY
  for (const tick of ticks) {
    const moves = movesOf(tick)
    if (moves === 0) continue
    const x = axis.x(tick.view.time)
    parts.push(line(x, top, x, bottom, 'mark'))
    if (x - written < leastDistance) continue
    parts.push(text(`${moves}`, { x, y: top - 3, anchor: 'middle', of: 'soft' }))
    written = x
  }
  if (parts.length > 0)
    parts.push(text('moves', { x: margin.left - 8, y: top - 3, anchor: 'end', of: 'soft' }))
  return parts
}

function movesOf({ view, outcomes }: Tick): number {
  return outcomes.filter(({ status, action }) => status === 'applied' && isMove(action, view)).length
}
