import type { ShownTick } from '../../../report/shown-tick.ts'
import { type Grain, grains, type Unit, unitsBy } from '../model/pcpus.ts'
import { bar, type Glyphs, level } from '../screen/glyphs.ts'
import { type Line, type Span, type Style, span } from '../screen/styled.ts'
import { rightCell } from './layout.ts'

/** Columns of a pCPU that has a bar of its own, and those between two of them. */
const barColumn = { least: 26, most: 44, gap: 2 }
/** From here on a pCPU is much wanted, and more than it has to give. */
const demandLevels = { fair: 0.7, bad: 1 }

/**
 * The pCPUs of a host in as many lines as there are: a bar for each where that fits, else a character for each pCPU, core,
 * cache or cell, by socket, cell and cache. Its height is the load, its style the demand.
 */
export function pcpuMap(
  tick: ShownTick,
  pcpus: readonly Unit[],
  { columns, rows, glyphs }: { readonly columns: number; readonly rows: number; readonly glyphs: Glyphs },
): Line[] {
  if (pcpus.length === 0 || rows < 1) return []
  const bars = barLines(pcpus, columns, rows, glyphs)
  if (bars) return bars
  for (const grain of grains) {
    const { lines, width } = blockLines(unitsBy(tick, pcpus, grain), grain, columns, glyphs)
    // One line says what a character is.
    if (lines.length < rows && width <= columns) return [legend(grain, glyphs), ...lines]
  }
  // Not even the cells fit: those that do.
  const { lines } = blockLines(unitsBy(tick, pcpus, 'cell'), 'cell', columns, glyphs)
  return [legend('cell', glyphs), ...lines].slice(0, rows)
}

function legend(grain: Grain, glyphs: Glyphs): Line {
  const of = { pcpu: 'pCPU', core: 'core', cache: 'last-level cache', cell: 'NUMA cell' }[grain]
  const demand = grain === 'pcpu' ? 'demand' : 'highest demand of a pCPU'
  const signs = glyphs.levels.join('').trim()
  return [
    span(`each sign a ${of}, its load ${signs}; ${demand} `, 'dim'),
    span('below 70 %', 'good'),
    span(' ', 'dim'),
    span('below 100 %', 'fair'),
    span(' ', 'dim'),
    span('100 % or more', 'worst'),
  ]
}

function styleOf({ demand, isUnusable, load }: Unit): Style {
  if (isUnusable || load === undefined) return 'dim'
  if (demand >= demandLevels.bad) return 'worst'
  return demand >= demandLevels.fair ? 'fair' : 'good'
}

function barLines(pcpus: readonly Unit[], columns: number, rows: number, glyphs: Glyphs): Line[] | undefined {
  const { least, most, gap } = barColumn
  const across = Math.max(1, Math.floor((columns + gap) / (least + gap)))
  const high = Math.ceil(pcpus.length / across)
  if (high > rows) return undefined
  const used = Math.ceil(pcpus.length / high)
  const width = Math.min(most, Math.floor((columns + gap) / used) - gap)
  const hasCells = new Set(pcpus.map(({ cell }) => cell)).size > 1
  return Array.from({ length: high }, (_, row) =>
    Array.from({ length: used }, (_, column) => pcpus[column * high + row]).flatMap((unit, column): Span[] =>
      unit ? [span(column > 0 ? ' '.repeat(gap) : ''), ...barOf(unit, width, hasCells, glyphs)] : [],
    ),
  )
}

function barOf(unit: Unit, width: number, hasCells: boolean, glyphs: Glyphs): Span[] {
  const name = rightCell(hasCells ? `${unit.cell}/${unit.id}` : String(unit.id), hasCells ? 6 : 3, glyphs)
  const figure = unit.load === undefined ? '-' : `${Math.round(100 * unit.load)} %`
  const length = Math.max(1, width - name.length - 8)
  const drawn = bar(glyphs, length, unit.load ?? 0, Math.max(unit.load ?? 0, Math.min(1, unit.demand)))
  return [
    span(`${name} `, 'dim'),
    span(unit.isUnusable ? glyphs.unusable.repeat(length) : drawn, styleOf(unit)),
    span(figure.padStart(7)),
  ]
}

interface Block {
  readonly socket: number
  readonly spans: Span[]
  readonly width: number
}

/** The units by cell, as many cells in a line as fit; a socket begins a line of its own where there are several. */
function blockLines(
  units: readonly Unit[],
  grain: Grain,
  columns: number,
  glyphs: Glyphs,
): { readonly lines: Line[]; readonly width: number } {
  const blocks: Block[] = []
  const hasSockets = units.some(({ socket }) => socket !== units[0]!.socket)
  let before: Unit | undefined
  for (const unit of units) {
    if (before?.cell !== unit.cell || before.socket !== unit.socket) {
      const label = `${unit.cell}: `
      blocks.push({ socket: unit.socket, spans: [span(label, 'dim')], width: label.length })
    }
    const isOtherCache = before?.cell === unit.cell && before.cache !== unit.cache
    const sign = unit.isUnusable ? glyphs.unusable : level(glyphs, unit.load)
    const spans = [...(isOtherCache && grain !== 'cache' ? [span(' ')] : []), span(sign, styleOf(unit))]
    const last = blocks.pop()!
    blocks.push({ ...last, spans: [...last.spans, ...spans], width: last.width + spans.length })
    before = unit
  }
  const indent = hasSockets ? 10 : 5
  const lines: Span[][] = []
  let width = 0
  let socket: number | undefined
  for (const block of blocks) {
    const isOtherSocket = block.socket !== socket && hasSockets
    if (lines.length === 0 || isOtherSocket || width + 2 + block.width > columns) {
      const label =
        lines.length === 0 || isOtherSocket ? (hasSockets ? `socket ${block.socket}` : 'cell') : ''
      lines.push([span(label.padEnd(indent), 'dim'), ...block.spans])
      width = indent + block.width
    } else {
      lines.at(-1)!.push(span('  '), ...block.spans)
      width += 2 + block.width
    }
    socket = block.socket
  }
  return { lines, width: Math.max(...blocks.map((block) => indent + block.width)) }
}
