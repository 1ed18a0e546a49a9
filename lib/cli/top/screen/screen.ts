import { cursorTo } from 'ansi-escapes'
import { graphemesOf, isPlain } from '../../../util/display-width.ts'
import { printable } from '../../../util/printable.ts'
import { type Line, type Palette, type Style, styles } from './styled.ts'

/** How many cells that are as before are written again, rather than jumped over: a jump takes as many bytes. */
const shortGap = 6

/** What is drawn by this program has one column everywhere; other characters may have another width in this terminal. */
const certain = /^[\x20-\x7e▁▂▃▄▅▆▇█▒·─…×↑↓]$/

const styleNumbers = Object.fromEntries(styles.map((style, number) => [style, number])) as Readonly<
  Record<Style, number>
>

/**
 * The cells of a terminal as they are, and as they are to be. What is written is the difference between the two, so that
 * nothing flickers and slow lines have little to carry.
 */
export class Screen {
  readonly #palette: Palette
  readonly #isAscii: boolean
  #columns = 0
  #rows = 0
  /** What each cell shows; empty: it is the right half of a wide character. Undefined: not known. */
  #shown: (string | undefined)[] = []
  #next: string[] = []
  #shownStyle = new Uint8Array(0)
  #nextStyle = new Uint8Array(0)

  constructor(palette: Palette, { unicode }: { readonly unicode: boolean }) {
    this.#palette = palette
    this.#isAscii = !unicode
  }

  /** What is on the terminal is not known any more: all is written anew. */
  forget(): void {
    this.#shown.fill(undefined)
  }

  /** What has to be written for these lines to be on a terminal of this size. Longer lines are cut. */
  update(lines: readonly Line[], columns: number, rows: number): string {
    if (columns !== this.#columns || rows !== this.#rows) this.#resize(columns, rows)
    for (let row = 0; row < rows; row++) this.#layOut(lines[row] ?? [], row)
    const written: string[] = []
    let style = -1
    for (let row = 0; row < rows; row++) style = this.#writeRow(row, style, written)
    if (written.length > 0) written.push(this.#sgr(0))
    ;[this.#shown, this.#next] = [this.#next, this.#shown as string[]]
    ;[this.#shownStyle, this.#nextStyle] = [this.#nextStyle, this.#shownStyle]
    return written.join('')
  }

  #resize(columns: number, rows: number): void {
    this.#columns = columns
    this.#rows = rows
    const cells = columns * rows
    this.#shown = new Array<string | undefined>(cells).fill(undefined)
    this.#next = new Array<string>(cells).fill(' ')
    this.#shownStyle = new Uint8Array(cells)
    this.#nextStyle = new Uint8Array(cells)
  }

  #layOut(line: Line, row: number): void {
    const begin = row * this.#columns
    const end = begin + this.#columns
    let cell = begin
    for (const { text, style } of line) {
      const number = styleNumbers[style]
      if (isPlain(text)) {
        const isReplaced = this.#isAscii
        for (let at = 0; at < text.length && cell < end; at++) {
          const character = text[at]!
          this.#put(cell++, isReplaced && character > '~' ? '?' : character, number)
        }
        continue
      }
      // Whatever a page made of it: nothing that a terminal would obey gets past here.
      for (const grapheme of graphemesOf(printable(text))) {
        const { width } = grapheme
        if (cell + width > end) {
          // Half of a wide character is none.
          if (cell < end) this.#put(cell++, ' ', number)
          break
        }
        const isReplaced = this.#isAscii && grapheme.text.charCodeAt(0) > 0x7e
        this.#put(cell, isReplaced ? '?' : grapheme.text, number)
        for (let half = 1; half < width; half++) this.#put(cell + half, isReplaced ? '?' : '', number)
        cell += width
      }
    }
    while (cell < end) this.#put(cell++, ' ', 0)
  }

  #put(cell: number, text: string, style: number): void {
    this.#next[cell] = text
    this.#nextStyle[cell] = style
  }

  /** Returns the style that is set then. */
  #writeRow(row: number, before: number, written: string[]): number {
    const begin = row * this.#columns
    const end = begin + this.#columns
    let style = before
    /** The cell that the cursor is at; -1: elsewhere, or not known. */
    let cursor = -1
    for (let cell = begin; cell < end; cell++) {
      if (!this.#isChanged(cell)) continue
      if (cursor < 0 || cell - cursor > shortGap) {
        cursor = cell
        // A wide character is written as a whole.
        while (cursor > begin && this.#next[cursor] === '') cursor--
        written.push(cursorTo(cursor - begin, row))
      }
      for (; cursor <= cell; cursor++) {
        const text = this.#next[cursor]!
        if (text === '') continue
        if (this.#nextStyle[cursor] !== style) {
          style = this.#nextStyle[cursor]!
          written.push(this.#sgr(style))
        }
        if (certain.test(text)) written.push(text)
        else this.#writeOdd(cursor, row, text, written)
      }
      // After the left half of a wide character comes its right half.
      while (cursor < end && this.#next[cursor] === '') cursor++
      cell = cursor - 1
    }
    return style
  }

  /** A character whose width the terminal may see otherwise than we do: what follows it is put in its place in any case. */
  #writeOdd(cell: number, row: number, text: string, written: string[]): void {
    const column = cell % this.#columns
    const isWide = this.#next[cell + 1] === '' && column + 1 < this.#columns
    if (isWide) written.push('  ', cursorTo(column, row))
    written.push(text)
    const after = column + (isWide ? 2 : 1)
    if (after < this.#columns) written.push(cursorTo(after, row))
  }

  #isChanged(cell: number): boolean {
    return this.#next[cell] !== this.#shown[cell] || this.#nextStyle[cell] !== this.#shownStyle[cell]
  }

  #sgr(style: number): string {
    return `\x1b[${this.#palette[styles[style] as Style]}m`
  }
}
