import { cutToWidth, displayWidth, fitEnd } from '../../../util/display-width.ts'
import { printable } from '../../../util/printable.ts'
import type { HostModel, Shown } from '../model/host-model.ts'
import type { Glyphs } from '../screen/glyphs.ts'
import { type Line, type Style, span } from '../screen/styled.ts'
import type { LookState } from '../state.ts'

/** All that the screen is made of. */
export interface Look {
  readonly model: HostModel
  /** Undefined: there was no Tick yet. */
  readonly shown: Shown | undefined
  readonly state: LookState
  readonly status: Status
  readonly columns: number
  readonly rows: number
  readonly glyphs: Glyphs
}

/** Where the Ticks come from, and what time it is there. */
export interface Status {
  /** What is looked at: a host, and who tells of it. */
  readonly title: string
  /** `live`, `stopped`, `recording, playing at 4x`. */
  readonly mode: string
  /** Whether that is worth a second look: what is shown is not what is now. */
  readonly isBehind: boolean
  /** What the space bar does now. */
  readonly spaceDoes: string
  /** What is wrong, or under way; undefined: nothing. */
  readonly message: string | undefined
}

/** Text of any origin in a number of columns: cut or filled, its controls shown as text. */
export function cell(text: string, width: number, { ellipsis }: Glyphs): string {
  return fitEnd(printable(text), width, ellipsis)
}

/** The same to the right. */
export function rightCell(text: string, width: number, { ellipsis }: Glyphs): string {
  const cut = cutToWidth(text, width, ellipsis)
  return ' '.repeat(Math.max(0, width - displayWidth(cut))) + cut
}

/** A text on lines of this many columns, broken between words; a word that is longer is cut. */
export function wrapped(text: string, width: number, { ellipsis }: Glyphs): string[] {
  const lines: string[] = []
  let line = ''
  for (const whole of printable(text).split(' ')) {
    const word = cutToWidth(whole, width, ellipsis)
    const longer = line === '' ? word : `${line} ${word}`
    if (line !== '' && displayWidth(longer) > width) {
      lines.push(line)
      line = word
    } else line = longer
  }
  return [...lines, line]
}

/** Two texts at the two ends of a line. */
export function spread(left: string, right: string, columns: number, style: Style, glyphs: Glyphs): Line {
  const end = cutToWidth(printable(right), columns, glyphs.ellipsis)
  const begin = cell(left, Math.max(0, columns - displayWidth(end) - 1), glyphs)
  return [span(begin === '' ? end : `${begin} ${end}`, style)]
}

/** What was cut out of a list of lines for `rows` of them, and how many there are. */
export function windowOf(lines: readonly Line[], scroll: number, rows: number): Line[] {
  const first = Math.max(0, Math.min(scroll, lines.length - rows))
  return lines.slice(first, first + rows)
}

/** Local time of day as `14:03:12`. */
export function clockText(wallTime: number): string {
  return new Date(wallTime).toTimeString().slice(0, 8)
}
