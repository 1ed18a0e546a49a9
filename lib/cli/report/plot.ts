import type { Series, TimeBins } from '../../recording/period/time-bins.ts'
import { clockText, type ValueAxis } from './axes.ts'
import { type Html, html, trusted } from './html.ts'

/** The time that all plots of a page share. */
export interface Timeline {
  readonly bins: TimeBins
  /** Milliseconds since the epoch. */
  readonly begin: number
  readonly end: number
  /** Milliseconds without a value after which a line is broken. */
  readonly gap: number
  /** Labels beneath a plot. */
  readonly labels: Html
}

/** Which value of a bin is shown. */
export type Of = 'least' | 'mean' | 'most'

/** A line of a plot, told from others by its stroke and by its colour. */
export interface Line {
  readonly series: Series
  readonly of: Of
  readonly name: string
  readonly style: 'main' | 'dashed' | 'dotted' | 'thin'
  /** Filled down to the axis. */
  readonly isFilled?: boolean
}

/** The room between two lines. */
export interface Band {
  readonly low: Series
  readonly high: Series
  readonly name: string
}

export interface Plot {
  readonly title: string
  readonly axis: ValueAxis
  readonly text: (value: number) => string
  readonly lines: readonly Line[]
  readonly band?: Band
  /** What of a line stands in the legend. */
  readonly note?: string
}

/** Height of a plot's own coordinates; the page stretches them. */
const height = 1_000
/** Stretches of time whose values are shown under the pointer. */
const mostReadings = 96

/** A plot over time: lines in an SVG that is stretched to the width of the page, and all text beside it in HTML. */
export function plot({ title, axis, text, lines, band, note }: Plot, timeline: Timeline): Html {
  const { bins } = timeline
  const width = Math.max(1, bins.count)
  const y = (value: number) => Math.round(height * (1 - Math.min(1, Math.max(0, value / axis.most))))
  const grid = axis.labels.slice(1).map(({ at }) => `M0 ${Math.round(height * (1 - at))}H${width}`)
  const areas = lines.filter(({ isFilled }) => isFilled)
  return html`<figure class="chart">
<figcaption><h3>${title}</h3><ul class="legend">${lines.map((line) => legendOf(line, text))}${band ? [html`<li><svg class="key band" viewBox="0 0 24 10" aria-hidden="true"><path d="M0 0H24V10H0Z"/></svg>${band.name}</li>`] : []}</ul></figcaption>
<div class="plot"><div class="y">${axis.labels.map((label) => html`<span style="bottom:${percent(label.at)}">${label.text}</span>`)}</div>
<div class="area"><svg viewBox="0 0 ${width} ${height}" preserveAspectRatio="none" role="img" aria-label="${`${title}. ${spoken(lines, text)}`}"><path class="grid" d="${grid.join('')}"/>
${band ? [html`<path class="band" d="${bandPath(band, timeline, y)}"/>`] : []}${areas.map((line) => html`<path class="fill ${line.style}" d="${areaPath(line, timeline, y)}"/>`)}${lines.map((line) => html`<path class="line ${line.style}" d="${linePath(line, timeline, y)}"/>`)}<use href="#ticks"/></svg>
<div class="readings">${readings(lines, text, timeline)}</div></div>
${timeline.labels}</div>${note === undefined ? [] : [html`<p class="note">${note}</p>`]}</figure>`
}

function legendOf({ series, of, name, style }: Line, text: Plot['text']): Html {
  const { mean, least, most } = series.total()
  const figures = Number.isNaN(mean)
    ? 'not known'
    : of === 'least'
      ? `lowest ${text(least)}`
      : of === 'most'
        ? `highest ${text(most)}`
        : `${text(mean)} on average`
  return html`<li><svg class="key" viewBox="0 0 24 10" aria-hidden="true"><path class="line ${style}" d="M0 5H24"/></svg>${name} <b>${figures}</b></li>`
}

/** For those who do not see it. */
function spoken(lines: readonly Line[], text: Plot['text']): string {
  const parts = lines.map(({ name, series }) => {
    const { mean, least, most } = series.total()
    if (Number.isNaN(mean)) return `${name}: not known`
    return `${name}: ${text(mean)} on average, from ${text(least)} to ${text(most)}`
  })
  return parts.join('; ')
}

export function pointOf(series: Series, of: Of, bin: number): number {
  return of === 'mean' ? series.mean(bin) : series[of][bin]!
}

/** The bins with a value in pieces without a gap. */
function pieces(series: Series, { bins, gap }: Timeline): number[][] {
  const found: number[][] = []
  let last = Number.NEGATIVE_INFINITY
  for (let bin = 0; bin < bins.count; bin++) {
    if (Number.isNaN(series.least[bin]!)) continue
    if ((bin - last - 1) * bins.step > gap) found.push([])
    found.at(-1)!.push(bin)
    last = bin
  }
  return found
}

type Scale = (value: number) => number

function linePath({ series, of }: Line, timeline: Timeline, y: Scale): Html {
  const paths = pieces(series, timeline).map((piece) =>
    pathThrough(piece, (bin) => y(pointOf(series, of, bin))),
  )
  return trusted(paths.join(''))
}

/** A line through the middles of bins; a single one is as wide as its bin. */
function pathThrough(piece: readonly number[], at: (bin: number) => number): string {
  const [first = 0] = piece
  const [last = first] = piece.slice(-1)
  const middle = piece.map((bin) => `L${bin + 0.5} ${at(bin)}`).join('')
  return `M${first} ${at(first)}${middle}H${last + 1}`
}

function areaPath(line: Line, timeline: Timeline, y: Scale): Html {
  const { series, of } = line
  const paths = pieces(series, timeline).map(
    (piece) => `${pathThrough(piece, (bin) => y(pointOf(series, of, bin)))}V${height}H${piece[0]}Z`,
  )
  return trusted(paths.join(''))
}

function bandPath({ low, high }: Band, timeline: Timeline, y: Scale): Html {
  const paths = pieces(low, timeline).map((piece) => {
    const back = piece
      .toReversed()
      .map((bin) => `L${bin + 0.5} ${y(low.mean(bin))}`)
      .join('')
    return `${pathThrough(piece, (bin) => y(high.mean(bin)))}${back}Z`
  })
  return trusted(paths.join(''))
}

/** What is shown under the pointer: the values of a stretch of time, by the title that every browser shows. */
function readings(lines: readonly Line[], text: Plot['text'], { bins }: Timeline): Html[] {
  const each = Math.max(1, Math.ceil(bins.count / mostReadings))
  return Array.from({ length: Math.ceil(bins.count / each) }, (_, i) => {
    const last = Math.min(bins.count, (i + 1) * each)
    const values = lines.map(({ series, of, name }) => {
      const known = Array.from({ length: last - i * each }, (_, k) =>
        pointOf(series, of, i * each + k),
      ).filter((value) => !Number.isNaN(value))
      if (known.length === 0) return `${name}: not known`
      const value =
        of === 'least'
          ? Math.min(...known)
          : of === 'most'
            ? Math.max(...known)
            : known.reduce((a, b) => a + b) / known.length
      return `${name}: ${text(value)}`
    })
    const begin = bins.start + i * each * bins.step
    return html`<i style="flex:${last - i * each}" title="${[clockText(begin, bins.step * each < 60_000), ...values].join('\n')}"></i>`
  })
}

/** A part of a whole as CSS has it. */
export function percent(part: number): string {
  return `${Number((100 * part).toFixed(2))}%`
}
