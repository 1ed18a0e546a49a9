import { counted, formatBytes } from '../../../util/format.ts'
import type { OnScreen } from '../keys.ts'
import type { GuestFigures } from '../model/guest-figures.ts'
import { type Line, line } from '../screen/styled.ts'
import { type Page, pageOf, sortedGuests } from '../state.ts'
import { changeText, decisionLines, decisionsOf, latestLines } from './decisions.ts'
import { guestLines } from './guest.ts'
import { guestTable } from './guests.ts'
import { helpLines } from './help.ts'
import { cell, clockText, type Look, spread, windowOf } from './layout.ts'
import { pcpuMap } from './map.ts'

/** The lines of the screen, and what keys need to know of them. */
export interface Frame {
  readonly lines: readonly Line[]
  readonly on: OnScreen
}

/** The part of the screen that the map of pCPUs may take, and the decisions on it where there is room. */
const parts = { map: 0.3, decisions: 0.15, leastForDecisions: 20 }

/** The screen as it is to be. Pure: the same look gives the same lines. */
export function frameOf(look: Look): Frame {
  const { shown, state, rows } = look
  const head = headLines(look)
  const body = Math.max(1, rows - head.length - 1)
  const guests = sortedGuests(shown?.guests ?? [], state)
  const { lines, ...on } = bodyOf(look, guests, body)
  const filled = Array.from({ length: body }, (_, index) => lines[index] ?? [])
  return { lines: [...head, ...filled, footLine(look)].slice(0, rows), on: { guests, ...on } }
}

type Body = Omit<OnScreen, 'guests'> & { readonly lines: readonly Line[] }

function bodyOf(look: Look, guests: readonly GuestFigures[], rows: number): Body {
  const page = pageOf(look.state)
  if (!look.shown && page !== 'help') {
    return { lines: [line('waiting for the first tick', 'dim')], rows, decisions: 0, totalLines: 1 }
  }
  if (page === 'overview') return overview(look, guests, rows)
  const decisions = decisionsOf(look)
  if (page === 'decisions') {
    const lines = decisionLines(look, decisions, rows)
    return { lines, rows, decisions: decisions.length, totalLines: lines.length }
  }
  const text = {
    guest: () => guestLines(look),
    change: () => changeText(look, decisions[look.state.decision]),
    help: helpLines,
  }[page]()
  return {
    lines: windowOf(text, look.state.scroll, rows),
    rows,
    decisions: decisions.length,
    totalLines: text.length,
  }
}

function overview(look: Look, guests: readonly GuestFigures[], rows: number): Body {
  const { shown, columns, glyphs } = look
  const { tick, pcpus } = shown!
  const mapRows = Math.max(2, Math.floor(rows * parts.map))
  const map = pcpuMap(tick, pcpus, { columns, rows: mapRows, glyphs })
  const decisions = rows < parts.leastForDecisions ? 0 : Math.max(1, Math.floor(rows * parts.decisions))
  const latest = decisions > 0 ? [line('last decisions', 'bold'), ...latestLines(look, decisions)] : []
  const tableRows = Math.max(2, rows - map.length - latest.length)
  const table = guestTable(look, guests, tableRows)
  const lines = [...map, ...filledTo(table, tableRows), ...latest]
  return { lines, rows: tableRows - 1, decisions: 0, totalLines: lines.length }
}

function filledTo(lines: readonly Line[], rows: number): Line[] {
  return Array.from({ length: rows }, (_, index) => lines[index] ?? [])
}

function headLines(look: Look): Line[] {
  const { shown, status, columns, glyphs } = look
  const mode = shown
    ? `tick ${shown.tick.index}  ${clockText(shown.tick.wallTime)}  ${status.mode}`
    : status.mode
  const top = spread(status.title, mode, columns, 'title', glyphs)
  const { message } = status
  if (message !== undefined) return [top, line(cell(message, columns, glyphs), 'bad')]
  return [top, line(cell(shown ? hostText(look) : '', columns, glyphs), status.isBehind ? 'fair' : 'plain')]
}

/** Mean part of the pCPUs that is busy with what is no guest, from which on that is said. */
const leastOthers = 0.2

/** The host in a line: guests, pCPUs, memory, how guests fare, and what failed. */
function hostText({ shown }: Look): string {
  const { tick, guests, pcpus } = shown!
  const loads = pcpus.flatMap(({ load }) => load ?? [])
  const busy = loads.reduce((sum, load) => sum + load, 0) / loads.length
  const backgrounds = tick.pcpus.flatMap(({ background }) => background ?? [])
  const others = backgrounds.reduce((sum, part) => sum + part, 0) / backgrounds.length
  const { committed, budget, state } = tick.memory
  const scores = guests.flatMap(({ score }) => score ?? [])
  const low = scores.filter((score) => score < 90).length
  return [
    tick.errors[0] && `${counted(tick.errors.length, 'error')}: ${tick.errors[0].message}`,
    `${counted(guests.length, 'guest')} on ${counted(pcpus.length, 'pCPU')}`,
    loads.length > 0 && `${Math.round(100 * busy)} % busy`,
    // What no placement of guests can help.
    others >= leastOthers && `${Math.round(100 * others)} % with what is no guest`,
    scores.length > 0 && `lowest score ${Math.min(...scores)}, ${low} below 90`,
    committed !== undefined &&
      budget !== undefined &&
      committed > 0 &&
      `memory given ${formatBytes(committed)} of ${formatBytes(budget)}`,
    state !== undefined && state !== 'high' && `host memory ${state}`,
  ]
    .filter(Boolean)
    .join(', ')
}

/** `SPACE` is what the space bar does now. */
const hints: Readonly<Record<Page, string>> = {
  overview: 'q quit  ? keys  / filter  s sort  Enter guest  d decisions  Space SPACE  Left Right step',
  decisions: 'Esc back  Enter more  ? keys  Space SPACE  Left Right step',
  guest: 'Esc back  Up Down scroll  d decisions  ? keys',
  change: 'Esc back  Up Down scroll  ? keys',
  help: 'Esc ? back  Up Down scroll',
}

function footLine({ state, status, columns, glyphs }: Look): Line {
  const { typing, filter } = state
  if (typing) {
    const what = typing.what === 'filter' ? 'guests with' : 'go to time'
    return line(cell(`${what}: ${typing.text}_   Enter takes it, Esc drops it`, columns, glyphs), 'title')
  }
  const shownFilter = filter === '' ? '' : `only guests with "${filter}"  `
  const hint = hints[pageOf(state)].replace('SPACE', status.spaceDoes)
  return line(cell(`${shownFilter}${hint}`, columns, glyphs), 'dim')
}
