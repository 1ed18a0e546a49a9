import type { Change } from '../../../recording/changes.ts'
import type { LastTick } from '../../../recording/last-tick.ts'
import { changeRows, lastTickRows, type Row, timeText } from '../../../recording/text.ts'
import { known } from '../../../report/known-fields.ts'
import type { ShownDomain, ShownTick } from '../../../report/shown-tick.ts'
import { formatBytes } from '../../../util/format.ts'
import { guestFigures } from '../model/guest-figures.ts'
import type { GuestSeries } from '../model/history.ts'
import { sparkline } from '../screen/glyphs.ts'
import { type Line, line, type Style, span } from '../screen/styled.ts'
import { percent } from './guests.ts'
import { cell, type Look, rightCell, spread, wrapped } from './layout.ts'

/** Changes of a guest that are told in full, and those that get a line each. */
const told = { full: 1, brief: 10 }

/** All that is known of one guest: vCPUs, memory, what was done and why. */
export function guestLines(look: Look): Line[] {
  const { shown, state, columns, glyphs } = look
  const { tick } = shown!
  const domain = tick.domains.find(({ uuid }) => uuid === state.guest)
  if (!domain) return [line('This guest is not on the host at this moment.', 'bad')]
  return [
    spread(domain.name, domain.state, columns, 'bold', glyphs),
    line(cell(`${domain.uuid}   score: ${scores(domain)}${shares(domain)}`, columns, glyphs), 'dim'),
    line(''),
    ...cpuLines(look, domain),
    ...vcpuLines(look, domain),
    line(''),
    ...memoryLines(look, domain),
    line(''),
    ...whyLines(look, domain),
  ]
}

function scores({ score }: ShownDomain): string {
  return `CPU ${score.cpu ?? 'not known'}, memory ${score.memory ?? 'not known'}`
}

function shares({ cpuShares }: ShownDomain): string {
  return cpuShares === undefined ? '' : `   cpu_shares ${cpuShares}`
}

/** Columns of the name and the figure before a series, and of a series at most. */
const beforeSeries = 24
const longestSeries = 150

function seriesWidth(columns: number): number {
  return Math.max(0, Math.min(longestSeries, columns - beforeSeries - 1))
}

function seriesLine(
  { glyphs }: Look,
  name: string,
  now: string,
  values: readonly number[],
  { width, highest, style }: { readonly width: number; readonly highest: number; readonly style: Style },
): Line {
  return [
    span(`${name.padEnd(8)}${rightCell(now, 12, glyphs)}    `),
    span(sparkline(glyphs, values, width, highest), style),
  ]
}

/** Usage and delay of all its vCPUs together, over the last minutes. */
function cpuLines(look: Look, domain: ShownDomain): Line[] {
  const { model, shown, columns } = look
  const width = seriesWidth(columns)
  const { usage, delay, vcpus } = guestFigures(domain)
  const values = (of: GuestSeries) => model.history.series(domain.uuid, of, shown!.number, width)
  const highest = Math.max(1, vcpus)
  return [
    seriesLine(look, 'usage', percent(usage), values('usage'), { width, highest, style: 'good' }),
    seriesLine(look, 'delay', percent(delay), values('delay'), { width, highest: 1, style: 'bad' }),
    line(''),
  ]
}

/** Columns of the figures of a vCPU, and of a list of pCPUs. */
const figures = [8, 7, 8, 7, 11]
const lists = 14

function vcpuLines({ model, shown, columns, glyphs }: Look, { uuid, vcpus }: ShownDomain): Line[] {
  const text = (name: string, ...rest: readonly string[]) =>
    name.padStart(4) + rest.map((figure, index) => rightCell(figure, figures[index]!, glyphs)).join('')
  const taken = 4 + figures.reduce((sum, width) => sum + width, 0) + 2 * lists + 8
  const width = Math.max(0, Math.min(80, Math.floor((columns - taken) / 2)))
  const lately = (vcpu: number, of: 'usage' | 'delay') =>
    sparkline(glyphs, model.history.vcpuSeries(uuid, vcpu, of, shown!.number, width), width, 1)
  return [
    line(
      `${text('vCPU', 'on pCPU', 'usage', 'demand', 'delay', 'throttled')}  ${cell('may run on', lists, glyphs)}  ` +
        `${cell('may be pinned', lists, glyphs)}  ${cell('usage lately', width, glyphs)}  ${cell('delay lately', width, glyphs)}`,
      'bold',
    ),
    ...vcpus.map(({ vcpu, pcpu, usage, demand, delay, throttled, affinity = '-', allowed }): Line => {
      const place = pcpu === undefined ? '-' : String(pcpu)
      const parts = [usage, demand, delay, throttled].map(percent)
      return [
        span(`${text(String(vcpu), place, ...parts)}  ${cell(affinity, lists, glyphs)}  `),
        span(`${cell(allowed, lists, glyphs)}  `),
        span(lately(vcpu, 'usage'), 'good'),
        span(`  ${lately(vcpu, 'delay')}`, 'bad'),
      ]
    }),
    ...(vcpus.length === 0 ? [line('  nothing is known of its vCPUs', 'dim')] : []),
  ]
}

function memoryLines(look: Look, { uuid, memory }: ShownDomain): Line[] {
  const { model, shown, columns } = look
  const width = seriesWidth(columns)
  const values = (of: GuestSeries) => model.history.series(uuid, of, shown!.number, width)
  // One scale for all three, so that they can be compared.
  const highest = Math.max(1, ...[...values('size'), ...values('target')].filter(isKnown))
  const row = (name: string, of: GuestSeries, now: number | undefined): Line => {
    const style = of === 'used' ? 'accent' : 'good'
    return seriesLine(look, name, bytes(now), values(of), { width, highest, style })
  }
  const { actual, target, usable, unused, maximum, hold, need, events, swappedOut, progress } = memory
  const spare = usable ?? unused
  const notes = [
    maximum !== undefined && `maximum ${formatBytes(maximum)}`,
    need && `needs ${formatBytes(need.total)}`,
    hold !== undefined && `held: ${hold}`,
    progress !== undefined && progress !== 'resting' && `balloon ${progress}`,
    swappedOut !== undefined && swappedOut > 0 && `swapped out ${formatBytes(swappedOut)}`,
    events?.underPressure && 'under memory pressure',
  ].filter(Boolean)
  return [
    [span('memory  ', 'bold'), span(notes.join(', '), 'dim')],
    row('balloon', 'size', actual),
    row('in use', 'used', actual === undefined || spare === undefined ? undefined : actual - spare),
    row('target', 'target', target),
  ]
}

function isKnown(value: number): boolean {
  return !Number.isNaN(value)
}

function bytes(value: number | undefined): string {
  return value === undefined ? '-' : formatBytes(value)
}

/** What was done to a guest lately and why, and what holds now: the texts of `ballast why`. */
function whyLines(look: Look, domain: ShownDomain): Line[] {
  const { model, shown } = look
  const { tick } = shown!
  const changes = model
    .changes(tick.wallTime)
    .filter(({ outcome }) => outcome.action.uuid === domain.uuid)
    .toReversed()
  return [
    line('now', 'bold'),
    ...rowLines(look, lastTickRows(lastTickOf(tick, domain))),
    line(''),
    ...(changes.length === 0
      ? [line('no change of it is known', 'dim')]
      : [line(`its last change, ${timeText(changes[0]!.wallTime)} (tick ${changes[0]!.tick})`, 'bold')]),
    ...changes.slice(0, told.full).flatMap((change) => rowLines(look, changeRows(change))),
    ...(changes.length > told.full ? [line(''), line('changes before that', 'bold')] : []),
    ...changes.slice(told.full, told.full + told.brief).flatMap((change) => briefLines(look, change)),
  ]
}

/** What was decided about a guest in a Tick. */
function lastTickOf(tick: ShownTick, { uuid, score }: ShownDomain): LastTick {
  const { index, wallTime, summary, outcomes, explanation, clamps, skipped } = tick
  return {
    tick: index,
    wallTime,
    summary,
    acted: outcomes.length > 0 || clamps.length > 0,
    explanation,
    clamps: clamps.filter(({ action }) => action.uuid === uuid),
    skipped: skipped.filter((one) => one.uuid === uuid),
    score: known(score),
  }
}

const rowName = 12

/** Rows of an explanation, wrapped. */
export function rowLines({ columns, glyphs }: Look, rows: readonly Row[]): Line[] {
  return rows.flatMap(({ name, text }) =>
    wrapped(text, Math.max(20, columns - rowName - 2), glyphs).map(
      (part, index): Line => [
        span(`  ${(index === 0 ? name : '').padEnd(rowName - 2)}`, 'accent'),
        span(part),
      ],
    ),
  )
}

function briefLines(look: Look, change: Change): Line[] {
  const { outcome, wallTime } = change
  const [done] = changeRows(change)
  return rowLines(look, [
    { name: timeText(wallTime).slice(11), text: `${done!.text}: ${outcome.action.reason.text}` },
  ])
}
