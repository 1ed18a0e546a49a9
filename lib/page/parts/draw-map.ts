import type { Moment } from '../data/history.ts'
import type { MapLayout } from '../figures/map-layout.ts'
import type { Colors } from './use-canvas.ts'

/** Pixels of a side from which on there is room for figures. */
const roomForFigures = 32
/** Busy above this is drawn in another colour, in thousandths. */
const high = 900

export interface Marks {
  /** Position of the pCPU that is described. */
  readonly selected: number
  /** Numbers of those that the opened guest is on. */
  readonly marked: ReadonlySet<number>
}

/** Draws the map: each pCPU is filled from below as far as it is busy, so that colours are not needed. */
export function drawMap(
  context: CanvasRenderingContext2D,
  colors: Colors,
  layout: MapLayout,
  { tick, inventory }: Moment,
  { selected, marked }: Marks,
): void {
  context.lineWidth = 1
  context.textBaseline = 'alphabetic'
  for (const { x, y, width, height, name } of layout.cells) {
    context.strokeStyle = colors.line
    context.strokeRect(x + 0.5, y + 0.5, width - 1, height - 1)
    context.fillStyle = colors.faint
    context.font = '12px system-ui, sans-serif'
    context.fillText(name, x + 8, y + 13)
  }
  for (const [position, box] of layout.pcpus.entries()) {
    const pcpu = inventory.pcpus[position]!
    const busy = tick.pcpus.busy[position]
    context.fillStyle = colors.surface
    context.fillRect(box.x, box.y, box.width, box.height)
    if (busy != null) {
      const filled = Math.round((box.height * Math.min(1_000, busy)) / 1_000)
      context.fillStyle = busy > high ? colors['load-high'] : colors.load
      context.fillRect(box.x, box.y + box.height - filled, box.width, filled)
    }
    if (tick.pcpus.unusable[pcpu.id]) cross(context, colors.faint, box)
    context.strokeStyle = marked.has(pcpu.id) ? colors.mark : colors.line
    context.lineWidth = marked.has(pcpu.id) ? Math.min(3, layout.side / 5) : 1
    context.strokeRect(box.x + 0.5, box.y + 0.5, box.width - 1, box.height - 1)
    context.lineWidth = 1
    if (layout.side < roomForFigures) continue
    context.fillStyle = colors.ink
    context.font = '11px system-ui, sans-serif'
    context.fillText(`${pcpu.id}`, box.x + 4, box.y + 13)
    const text = busy == null ? '?' : `${Math.round(busy / 10)}%`
    context.font = 'bold 12px system-ui, sans-serif'
    context.fillText(text, box.x + 4, box.y + box.height - 5)
  }
  const box = layout.pcpus[selected]
  if (!box) return
  context.strokeStyle = colors.ink
  context.lineWidth = 2
  context.strokeRect(box.x - 1, box.y - 1, box.width + 2, box.height + 2)
}

function cross(
  context: CanvasRenderingContext2D,
  color: string,
  { x, y, width, height }: MapLayout['pcpus'][number],
): void {
  context.strokeStyle = color
  context.beginPath()
  context.moveTo(x, y)
  context.lineTo(x + width, y + height)
  context.moveTo(x + width, y)
  context.lineTo(x, y + height)
  context.stroke()
}
