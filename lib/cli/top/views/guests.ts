import { formatBytesOf, formatPercent } from '../../../util/format.ts'
import type { GuestFigures } from '../model/guest-figures.ts'
import { bar, type Glyphs, sparkline } from '../screen/glyphs.ts'
import { type Line, line, type Style, span } from '../screen/styled.ts'
import { type SortKey, selectedRow } from '../state.ts'
import { cell, type Look, rightCell } from './layout.ts'

interface Column {
  readonly head: string
  readonly width: number
  readonly isLeft?: boolean
  readonly sort?: SortKey
  text(guest: GuestFigures, look: Look): string
  style?(guest: GuestFigures): Style
}

const unknown = '-'
const leastName = 14
const mostName = 40
const spark = 20
const memoryBar = 10

/** The columns beside the name, in the order in which they are dropped from the end where the screen is narrow. */
function columnsFor(width: number): Column[] {
  const columns: Column[] = [
    {
      head: 'score',
      width: 7,
      sort: 'score',
      text: ({ cpuScore, memoryScore }) => `${cpuScore ?? unknown}/${memoryScore ?? unknown}`,
      style: ({ score }) => scoreStyle(score),
    },
    { head: 'vCPUs', width: 5, text: ({ vcpus }) => String(vcpus) },
    { head: 'usage', width: 7, sort: 'usage', text: ({ usage }) => percent(usage) },
    { head: 'demand', width: 7, text: ({ demand }) => percent(demand) },
    {
      head: 'delay',
      width: 6,
      sort: 'delay',
      text: ({ delay }) => percent(delay),
      style: ({ delay = 0 }) => (delay >= 0.2 ? 'bad' : delay >= 0.05 ? 'fair' : 'plain'),
    },
    {
      head: 'used/balloon',
      width: 15,
      sort: 'memory',
      text: ({ used, size }) => (size === undefined ? unknown : formatPart(used, size)),
    },
  ]
  const wide: Column[] = [
    { head: 'note', width: 18, isLeft: true, text: ({ note }) => note, style: () => 'bad' },
    {
      head: 'usage lately',
      width: spark,
      isLeft: true,
      text: ({ uuid, vcpus }, { model, shown, glyphs }) =>
        sparkline(
          glyphs,
          model.history.series(uuid, 'usage', shown!.number, spark),
          spark,
          Math.max(1, vcpus),
        ),
    },
    {
      head: 'of maximum',
      width: memoryBar,
      isLeft: true,
      text: ({ used, size, maximum }, { glyphs }) =>
        maximum === undefined || size === undefined
          ? ''
          : bar(glyphs, memoryBar, (used ?? size) / maximum, size / maximum),
    },
    {
      head: 'delay lately',
      width: spark,
      isLeft: true,
      text: ({ uuid }, { model, shown, glyphs }) =>
        sparkline(glyphs, model.history.series(uuid, 'delay', shown!.number, spark), spark, 1),
    },
  ]
  let used = leastName + columns.reduce((sum, column) => sum + 1 + column.width, 0)
  for (const column of wide) {
    used += 2 + column.width
    if (used > width) break
    columns.push(column)
  }
  return columns
}

/** The table of guests: a head, and as many of them as fit, the selected one among them. */
export function guestTable(look: Look, guests: readonly GuestFigures[], rows: number): Line[] {
  const { columns: width, state, glyphs } = look
  const columns = columnsFor(width)
  const others = columns.reduce((sum, column) => sum + gapOf(column) + column.width, 0)
  const nameWidth = Math.max(4, Math.min(mostName, width - others))
  const selected = selectedRow(guests, state)
  const shown = Math.max(0, rows - 1)
  const first = Math.max(0, Math.min(guests.length - shown, selected - Math.floor(shown / 2)))
  if (guests.length === 0) {
    const none = state.filter === '' ? 'no guests' : `no guest matches "${state.filter}"`
    return [headLine(look, columns, nameWidth), line(cell(none, width, glyphs), 'dim')]
  }
  return [
    headLine(look, columns, nameWidth),
    ...guests.slice(first, first + shown).map((guest, index): Line => {
      const isSelected = first + index === selected
      const style = (wanted: Style): Style => (isSelected ? 'selected' : wanted)
      return [
        span(cell(guest.name, nameWidth, glyphs), style('plain')),
        ...columns.map((column) =>
          span(
            ' '.repeat(gapOf(column)) + place(column, column.text(guest, look), glyphs),
            style(column.style?.(guest) ?? 'plain'),
          ),
        ),
        ...(isSelected ? [span(' '.repeat(Math.max(0, width - nameWidth - others)), 'selected')] : []),
      ]
    }),
  ]
}

function headLine({ state, glyphs }: Look, columns: readonly Column[], nameWidth: number): Line {
  const style = (sort: SortKey | undefined): Style => (sort === state.sort ? 'title' : 'bold')
  return [
    span(cell('guest', nameWidth, glyphs), style('name')),
    ...columns.flatMap((column) => [
      span(' '.repeat(gapOf(column)), 'bold'),
      span(place(column, column.head, glyphs), style(column.sort)),
    ]),
  ]
}

function gapOf({ isLeft }: Column): number {
  return isLeft ? 2 : 1
}

function place({ isLeft, width }: Column, text: string, glyphs: Glyphs): string {
  return isLeft ? cell(text, width, glyphs) : rightCell(text, width, glyphs)
}

function scoreStyle(score: number | undefined): Style {
  if (score === undefined) return 'dim'
  return score >= 90 ? 'good' : score >= 70 ? 'fair' : 'bad'
}

export function percent(fraction: number | undefined): string {
  return fraction === undefined || Number.isNaN(fraction) ? unknown : formatPercent(fraction, 0)
}

function formatPart(part: number | undefined, whole: number): string {
  return part === undefined
    ? `${unknown}/${formatBytesOf(whole, whole).split('/')[1]}`
    : formatBytesOf(part, whole)
}
