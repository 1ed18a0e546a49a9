import type { Tick } from '../../lib/control/tick.ts'
import { GiB, MiB } from '../../lib/util/units.ts'
import type { DomainView } from '../../lib/view/view.ts'
import {
  colourOf,
  figure,
  innerWidth,
  line,
  margin,
  type PlotOptions,
  plotWidth,
  svg,
  TimeAxis,
  text,
} from './plot.ts'

const panelHeight = 92
const panelGap = 22

/** What is drawn of one domain at one tick, in bytes. */
interface Point {
  readonly time: number
  readonly actual: number | undefined
  readonly target: number | undefined
  readonly used: number | undefined
}

/** What to draw of each tick, and how. */
const curves = [
  { name: 'balloon', of: 'line', style: '', value: ({ actual }: Point) => actual },
  { name: 'target', of: 'line mean', style: ' style="stroke-width:1"', value: ({ target }: Point) => target },
  { name: 'use', of: 'line', style: '', value: ({ used }: Point) => used },
] as const

/**
 * Each domain's memory over time, as an SVG document: its balloon, what the balloon was last asked for, and what the
 * guest uses, page cache that it can drop apart. One panel for each domain in the order in
 * which they were first seen, all to one scale. A line has a gap where the value is not known.
 */
export function plotMemory(ticks: readonly Tick[], options: PlotOptions = {}): string {
  const names = new Map<string, string>()
  for (const { view } of ticks) for (const { uuid, name } of view.domains) names.set(uuid, name)
  const series = [...names].map(([uuid, name]) => ({
    name,
    points: pointsOf(ticks, uuid),
  }))
  const axis = new TimeAxis(ticks[0]?.view.time ?? 0, ticks.at(-1)?.view.time ?? 1)
  const all = series.flatMap(({ points }) =>
    points.flatMap((point) => curves.map(({ value }) => value(point) ?? 0)),
  )
  const most = all.reduce((a, b) => Math.max(a, b), 256 * MiB)
  const step = 2 ** Math.ceil(Math.log2(most / 4))
  const top = Math.ceil(most / step) * step
  const height = margin.top + series.length * (panelHeight + panelGap) + margin.bottom
  const bottom = (index: number) => margin.top + index * (panelHeight + panelGap) + panelHeight
  return svg(options.title ?? 'Memory of each domain', height, [
    ...legend(),
    ...series.flatMap(({ name, points }, index) => {
      const y = (bytes: number) => bottom(index) - (panelHeight * bytes) / top
      return [
        text(name, { x: margin.left + 4, y: y(top) - 4, of: 'soft' }),
        ...Array.from({ length: top / step + 1 }, (_, mark) => mark * step).flatMap((bytes) => [
          line(margin.left, y(bytes), margin.left + innerWidth, y(bytes), 'grid'),
          text(axisLabel(bytes), { x: margin.left - 8, y: y(bytes) + 4, anchor: 'end', of: 'soft' }),
        ]),
        ...curves.map(({ name: curve, of, style, value }) => {
          const colour = curve === 'target' ? '' : ` stroke="${colourOf(curve === 'use' ? 1 : 0)}"`
          const path = pathOf(points, axis, (point) => value(point), y)
          return path === '' ? '' : `<path class="${of}"${style}${colour} d="${path}"/>`
        }),
      ].filter((part) => part !== '')
    }),
    ...axis.draw(bottom(series.length - 1)),
  ])
}

function pointsOf(ticks: readonly Tick[], uuid: string): Point[] {
  let asked: { readonly id: number; readonly bytes: number } | undefined
  return ticks.map(({ view: { time, domains }, outcomes }) => {
    const domain = domains.find((one) => one.uuid === uuid)
    if (!domain) return { time, actual: undefined, target: undefined, used: undefined }
    for (const { action, status } of outcomes) {
      if (action.kind !== 'setMemory' || action.uuid !== uuid || status !== 'applied') continue
      asked = { id: domain.id, bytes: action.bytes }
    }
    const { actual } = domain.memory
    return { time, actual, target: asked?.id === domain.id ? asked.bytes : undefined, used: usedBy(domain) }
  })
}

/** What the guest itself says, where it says enough. */
function usedBy({ memory: { actual, available = 0, usable, unused } }: DomainView): number | undefined {
  const spare = usable ?? unused
  return actual === undefined || spare === undefined ? undefined : Math.max(actual, available) - spare
}

/** Begins anew after each gap. */
function pathOf(
  points: readonly Point[],
  axis: TimeAxis,
  value: (point: Point) => number | undefined,
  y: (bytes: number) => number,
): string {
  let path = ''
  let pen = 'M'
  for (const point of points) {
    const bytes = value(point)
    if (bytes === undefined) pen = 'M'
    else {
      path += `${pen}${figure(axis.x(point.time))} ${figure(y(bytes))}`
      pen = 'L'
    }
  }
  return path
}

function legend(): string[] {
  return curves.flatMap(({ name, of }, index) => {
    const x = plotWidth - margin.right - 220 + 80 * index
    const stroke = name === 'target' ? '' : ` stroke="${colourOf(name === 'use' ? 1 : 0)}"`
    return [`<path class="${of}"${stroke} d="M${x} 16L${x + 18} 16"/>`, text(name, { x: x + 22, y: 20 })]
  })
}

function axisLabel(bytes: number): string {
  return bytes >= GiB ? `${Number((bytes / GiB).toFixed(1))} GiB` : `${bytes / MiB} MiB`
}
