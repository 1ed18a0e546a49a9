import type { Tick } from '../../lib/control/tick.ts'
import { mean } from '../../lib/util/statistics.ts'
import { isFullSample, pcpuLoads } from '../../lib/view/cpu/pcpu-loads.ts'
import { markMoves } from './moves.ts'
import {
  colourOf,
  figure,
  innerWidth,
  line,
  margin,
  niceStep,
  type PlotOptions,
  svg,
  TimeAxis,
  text,
} from './plot.ts'

const height = 330
const bottom = height - margin.bottom

/**
 * What each pCPU is asked for over time, as an SVG document: a line for each pCPU, in percent of it, its background
 * load included, and the mean of all, which is where the lines would be on a level host. From the first tick on that
 * knows every vCPU's usage. An empty plot where none does.
 */
export function plotLoads(ticks: readonly Tick[], options: PlotOptions = {}): string {
  const first = ticks.findIndex(({ view }) => isFullSample(view))
  const shown = first < 0 ? [] : ticks.slice(first)
  const points = shown.map(({ view }) => ({
    time: view.time,
    loads: pcpuLoads(view).map(({ id, demand }) => {
      const background = view.pcpus.find((pcpu) => pcpu.id === id)?.background ?? 0
      return { id, percent: 100 * (demand + background) }
    }),
  }))
  const axis = new TimeAxis(ticks[0]?.view.time ?? 0, ticks.at(-1)?.view.time ?? 1)
  const most = Math.max(100, ...points.flatMap(({ loads }) => loads.map(({ percent }) => percent)))
  const step = niceStep(most / 5)
  const top = Math.ceil(most / step) * step
  const y = (percent: number) => bottom - ((bottom - margin.top) * percent) / top

  const ids = points[0]?.loads.map(({ id }) => id) ?? []
  const curve = (of: string, extra: string, value: (at: number) => number) => {
    const path = points.map(({ time }, at) => `${figure(axis.x(time))} ${figure(y(value(at)))}`).join('L')
    return path === '' ? '' : `<path class="${of}"${extra} d="M${path}"/>`
  }
  return svg(options.title ?? 'What each pCPU is asked for', height, [
    ...Array.from({ length: top / step + 1 }, (_, index) => index * step).flatMap((percent) => [
      line(margin.left, y(percent), margin.left + innerWidth, y(percent), 'grid'),
      text(`${percent} %`, { x: margin.left - 8, y: y(percent) + 4, anchor: 'end', of: 'soft' }),
    ]),
    ...axis.draw(bottom),
    ...markMoves(shown, axis, bottom),
    ...ids.flatMap((id, index) => [
      curve('line', ` stroke="${colourOf(id)}"`, (at) => points[at]!.loads[index]!.percent),
      ...legend(`${id}`, index, colourOf(id)),
    ]),
    curve('line mean', '', (at) => mean(points[at]!.loads.map(({ percent }) => percent))),
    ...(ids.length > 0 ? legendFrame(ids.length) : []),
  ])
}

const legendLeft = margin.left + innerWidth + 8
const legendLine = (index: number) => margin.top + 12 + 14 * index

function legend(words: string, index: number, colour: string): string[] {
  const y = legendLine(index)
  return [
    `<rect x="${legendLeft}" y="${y - 9}" width="9" height="9" rx="2" fill="${colour}"/>`,
    text(words, { x: legendLeft + 14, y }),
  ]
}

/** What stands above and below the colours. */
function legendFrame(count: number): string[] {
  const y = legendLine(count)
  return [
    text('pCPU', { x: legendLeft, y: margin.top - 4, of: 'soft' }),
    line(legendLeft - 2, y - 4, legendLeft + 12, y - 4, 'line mean'),
    text('mean', { x: legendLeft + 14, y }),
  ]
}
