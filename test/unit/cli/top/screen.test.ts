import { stripVTControlCharacters } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Screen } from '../../../../lib/cli/top/screen/screen.ts'
import { line, paletteOf, type Style, span } from '../../../../lib/cli/top/screen/styled.ts'
import { runs } from '../../../support/runs.ts'

const screenOf = (env = {}, unicode = true) => new Screen(paletteOf(env), { unicode })

const written = new RegExp(`${'\x1b'}\\[(\\d+);(\\d+)H|${'\x1b'}\\[([\\d;]+)m|[^${'\x1b'}]`, 'gu')

/** A terminal that knows what the screen writes: moves of the cursor, styles, and characters of one column. */
class FakeTerminal {
  readonly cells: string[][]
  #row = 0
  #column = 0

  constructor(columns: number, rows: number) {
    this.cells = Array.from({ length: rows }, () => new Array<string>(columns).fill('?'))
  }

  write(text: string): void {
    for (const [all, row, column, sgr] of text.matchAll(written)) {
      if (row) [this.#row, this.#column] = [Number(row) - 1, Number(column) - 1]
      else if (sgr === undefined) this.cells[this.#row]![this.#column++] = all
    }
  }

  get text(): string[] {
    return this.cells.map((cells) => cells.join(''))
  }
}

describe('a screen', () => {
  it('writes all at first, and then what has changed alone', () => {
    const screen = screenOf()
    expect(screen.update([line('load 10 %'), line('steady')], 20, 2)).toContain('load 10 %')
    expect(screen.update([line('load 12 %'), line('steady')], 20, 2)).toBe('\x1b[1;7H\x1b[0m2\x1b[0m')
    expect(screen.update([line('load 12 %'), line('steady')], 20, 2)).toBe('')
  })

  it('writes all anew when it does not know what is there, and in another size', () => {
    const screen = screenOf()
    const lines = [line('steady')]
    screen.update(lines, 20, 2)
    screen.forget()
    expect(screen.update(lines, 20, 2)).toContain('steady')
    expect(screen.update(lines, 10, 2)).toContain('steady')
  })

  it('shows in the end what it was given, whatever came before', () => {
    const styles: Style[] = ['plain', 'bold', 'worst']
    const lineOf = fc.array(
      fc.record({ text: fc.stringMatching(/^[ -~]{0,12}$/), style: fc.constantFrom(...styles) }),
      { maxLength: 4 },
    )
    const frames = fc.array(fc.array(lineOf, { maxLength: 5 }), { minLength: 1, maxLength: 5 })
    fc.assert(
      fc.property(frames, (frames) => {
        const [columns, rows] = [30, 4]
        const screen = screenOf()
        const terminal = new FakeTerminal(columns, rows)
        for (const lines of frames) terminal.write(screen.update(lines, columns, rows))
        const wanted = Array.from({ length: rows }, (_, row) =>
          (frames.at(-1)![row] ?? [])
            .map(({ text }) => text)
            .join('')
            .slice(0, columns)
            .padEnd(columns),
        )
        expect(terminal.text).toEqual(wanted)
      }),
      { numRuns: runs(200) },
    )
  })

  it('lets nothing through that a terminal would obey', () => {
    const text = screenOf().update([line('\x1b]0;title\x07\r\n\u202eevil')], 60, 1)
    expect(text).toContain('\\x1b]0;title\\x07\\x0d\\x0a\\u202eevil')
    expect(stripVTControlCharacters(text)).toMatch(/^[\x20-\x7e]*$/)
  })

  it('puts what follows a wide character in its place, however wide the terminal has it', () => {
    expect(screenOf().update([line('数x')], 4, 1)).toBe('\x1b[1;1H\x1b[0m  \x1b[1;1H数\x1b[1;3Hx \x1b[0m')
  })

  it('cuts a wide character that does not fit', () => {
    expect(screenOf().update([line('a数')], 2, 1)).toBe('\x1b[1;1H\x1b[0ma \x1b[0m')
  })

  it('has no colours with NO_COLOR, and only ASCII where asked to', () => {
    const lines = [[span('a', 'bad'), span('数', 'worst')]]
    expect(screenOf({ NO_COLOR: '1' }, false).update(lines, 3, 1)).toBe(
      '\x1b[1;1H\x1b[0;1ma\x1b[0;7m??\x1b[0m',
    )
  })
})
