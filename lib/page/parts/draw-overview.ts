import type { Overview } from '../../report/feed/overview.ts'
import { levelOf } from '../figures/verdict.ts'
import type { Colors } from './use-canvas.ts'

interface Place {
  readonly width: number
  readonly height: number
  /** The tick that is shown. */
  readonly index: number
}

/** Pixels at the bottom for the marks of changes. */
const marksHeight = 12

/** Draws a column for each pixel: the lowest score of its ticks from above, and what was changed in them below. */
export function drawOverview(
  context: CanvasRenderingContext2D,
  colors: Colors,
  { lowestScore, changes, undone, failed }: Overview,
  { width, height, index }: Place,
): void {
  const count = lowestScore.length
  if (count === 0) return
  const scoreHeight = height - marksHeight
  const columns = Math.min(width, count)
  const step = width / columns
  for (let column = 0; column < columns; column++) {
    const first = Math.floor((column * count) / columns)
    const last = Math.max(first + 1, Math.floor(((column + 1) * count) / columns))
    let lowest: number | undefined
    let [made, amiss] = [0, 0]
    for (let i = first; i < last; i++) {
      const score = lowestScore[i]
      if (score != null) lowest = Math.min(lowest ?? 100, score)
      made += changes[i] ?? 0
      amiss += (undone[i] ?? 0) + (failed[i] ?? 0)
    }
    const x = column * step
    if (lowest !== undefined) {
      const level = levelOf(lowest)
      context.fillStyle = level === 'unknown' ? colors.faint : colors[level]
      const filled = Math.max(2, (scoreHeight * lowest) / 100)
      context.fillRect(x, scoreHeight - filled, step > 8 ? step - 1 : step + 0.5, filled)
    }
    if (made + amiss > 0) {
      context.fillStyle = amiss > 0 ? colors.bad : colors.mark
      const tall = amiss > 0 ? marksHeight - 2 : Math.min(marksHeight - 2, 3 + made)
      context.fillRect(x, scoreHeight + 2, Math.max(2, Math.min(step - 1, 4)), tall)
    }
  }
  context.fillStyle = colors.ink
  context.fillRect(((index + 0.5) / count) * width - 1, 0, 2, height)
}
