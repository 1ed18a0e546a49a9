import type { Period } from '../../recording/period/period.ts'
import type { Series } from '../../recording/period/time-bins.ts'
import { formatBytes, formatPercent } from '../../util/format.ts'
import { bytesAxis, percentAxis, scoreAxis } from './axes.ts'
import { heatmap } from './heatmap.ts'
import { type Html, html } from './html.ts'
import { plot, type Timeline } from './plot.ts'

/** The blue of pictures, on a light page and on a dark one. */
const blue = [47, 127, 214] as const

/** The plots of a period, one above the other. */
export function plots(period: Period, timeline: Timeline): Html[] {
  const waits = period.longestDelay.total().most
  const share = (part: number) => formatPercent(part)
  const whole = (points: number) => points.toFixed(0)
  const bytes = period.total.total().most
  const most = Math.max(...[bytes, period.given.total().most].filter((value) => !Number.isNaN(value)), 1)
  return [
    plot(
      {
        title: 'Load of the pCPUs',
        axis: percentAxis(1),
        text: share,
        band: {
          low: period.leastBusy,
          high: period.busiest,
          name: 'from the least busy pCPU to the busiest',
        },
        lines: [
          { series: period.busy, of: 'mean', name: 'mean', style: 'main' },
          { series: period.deviation, of: 'mean', name: 'standard deviation', style: 'dotted' },
        ],
      },
      timeline,
    ),
    ...heat(period.pcpus, timeline),
    plot(
      {
        title: 'Delay',
        axis: percentAxis(Number.isNaN(waits) ? 1 : waits),
        text: share,
        lines: [
          { series: period.longestDelay, of: 'most', name: 'longest', style: 'dashed' },
          { series: period.delay, of: 'mean', name: 'mean of all vCPUs', style: 'main', isFilled: true },
        ],
      },
      timeline,
    ),
    plot(
      {
        title: 'Memory',
        axis: bytesAxis(most),
        text: formatBytes,
        lines: [
          { series: period.total, of: 'mean', name: 'of the host', style: 'dotted' },
          { series: period.given, of: 'mean', name: 'given to guests', style: 'main' },
          {
            series: period.used,
            of: 'mean',
            name: 'used, as they report it',
            style: 'dashed',
            isFilled: true,
          },
          ...(Number.isNaN(period.available.total().mean)
            ? []
            : [
                {
                  series: period.available,
                  of: 'least',
                  name: 'available on the host',
                  style: 'thin',
                } as const,
              ]),
        ],
      },
      timeline,
    ),
    plot(
      {
        title: 'Scores',
        axis: scoreAxis,
        text: whole,
        lines: [
          { series: period.meanScore, of: 'mean', name: 'mean', style: 'dotted' },
          { series: period.lowestCpu, of: 'least', name: 'lowest, CPU', style: 'main' },
          { series: period.lowestMemory, of: 'least', name: 'lowest, memory', style: 'dashed' },
        ],
      },
      timeline,
    ),
  ]
}

/** Each pCPU as a row of a picture. */
function heat(pcpus: readonly Series[], { bins, labels }: Timeline): Html[] {
  const known = pcpus
    .map((series, id) => ({ series, id }))
    .filter(({ series }) => !Number.isNaN(series.total().mean))
  const [first, last] = [known[0], known.at(-1)]
  if (!first || !last) return []
  const rows = known.map(({ series }) => Array.from({ length: bins.count }, (_, bin) => filled(series, bin)))
  const text = `How busy each of ${known.length} pCPUs was over time: the stronger its colour, the busier`
  return [
    html`<figure class="chart"><figcaption><h3>Each pCPU</h3><span class="legend">idle<span class="scale"></span>busy</span></figcaption>
<div class="plot"><div class="y"><span style="bottom:100%">pCPU ${first.id}</span><span style="bottom:0%">${last.id}</span></div>
<div class="area"><img alt="${text}" src="${heatmap(rows, bins.count, blue)}"></div>
${labels}</div></figure>`,
  ]
}

/** Of a bin between two samples, that of the one before: bins may be shorter than intervals. */
function filled(series: Series, bin: number): number {
  const here = series.mean(bin)
  return Number.isNaN(here) && bin > 0 ? series.mean(bin - 1) : here
}
