import { useEffect, useRef } from 'preact/hooks'
import UPlot from 'uplot'
import { go } from '../data/location.ts'
import type { Series } from '../figures/series.ts'
import { clockText } from './texts.tsx'
import { type Colors, colorsOf } from './use-canvas.ts'

export interface Line {
  readonly label: string
  readonly color: keyof Colors
  /** Lines differ by more than their colour. */
  readonly dash: readonly number[]
}

interface PlotProps {
  readonly name: string
  readonly series: Series
  readonly lines: readonly Line[]
  /** The moment that is shown, in milliseconds since the epoch. */
  readonly at: number
}

/** Pixels. */
const height = 150

/** Figures over time. A click looks at that moment; all plots have one pointer. */
export function Plot({ name, series, lines, at }: PlotProps) {
  const element = useRef<HTMLDivElement>(null)
  const plot = useRef<UPlot>(undefined)
  const shown = useRef(at)
  shown.current = at / 1_000
  useEffect(() => {
    const place = element.current!
    const create = () => {
      plot.current?.destroy()
      plot.current = new UPlot(
        optionsOf(place, lines, () => shown.current),
        series as UPlot.AlignedData,
        place,
      )
    }
    create()
    const observer = new ResizeObserver(() => {
      plot.current?.setSize({ width: place.clientWidth, height })
    })
    observer.observe(place)
    const query = matchMedia('(prefers-color-scheme: dark)')
    query.addEventListener('change', create)
    return () => {
      observer.disconnect()
      query.removeEventListener('change', create)
      plot.current?.destroy()
    }
  }, [lines])
  useEffect(() => plot.current?.setData(series as UPlot.AlignedData), [series])
  useEffect(() => plot.current?.redraw(false), [at])
  return (
    <figure class="plot">
      <figcaption>{name}</figcaption>
      <div ref={element} />
    </figure>
  )
}

function optionsOf(place: HTMLElement, lines: readonly Line[], now: () => number): UPlot.Options {
  const colors = colorsOf(place)
  const axis = { stroke: colors.ink, grid: { stroke: colors.line, width: 1 }, ticks: { stroke: colors.line } }
  return {
    width: Math.max(100, place.clientWidth),
    height,
    cursor: { sync: { key: 'moment' } },
    legend: { live: true },
    scales: { y: { range: (_, __, most) => [0, Math.max(10, most * 1.05)] } },
    axes: [
      // Without the date, which stands above, and of 24 hours as everywhere.
      { ...axis, space: 70, values: (_, seconds) => seconds.map((second) => clockText(1_000 * second)) },
      { ...axis, size: 52 },
    ],
    series: [
      { value: (_, second) => (second == null ? '--' : clockText(1_000 * second)), label: 'time' },
      ...lines.map(({ label, color, dash }) => ({
        label,
        stroke: colors[color],
        width: 2,
        dash: [...dash],
        points: { show: false },
      })),
    ],
    hooks: {
      draw: [
        (plot) => {
          const x = plot.valToPos(now(), 'x', true)
          const { left, top, width, height } = plot.bbox
          if (x < left || x > left + width) return
          plot.ctx.fillStyle = colors.mark
          plot.ctx.fillRect(x - 1, top, 2, height)
        },
      ],
      ready: [
        (plot) => {
          plot.over.addEventListener('click', () => {
            const time = plot.data[0][plot.cursor.idx ?? -1]
            if (time !== undefined) go({ at: Math.round(time * 1_000) })
          })
        },
      ],
    },
  }
}
