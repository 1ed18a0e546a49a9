import { type OnScreen, press } from '../../../../lib/cli/top/keys.ts'
import { HostModel } from '../../../../lib/cli/top/model/host-model.ts'
import { glyphsFor } from '../../../../lib/cli/top/screen/glyphs.ts'
import type { Line } from '../../../../lib/cli/top/screen/styled.ts'
import { initialState, type LookState } from '../../../../lib/cli/top/state.ts'
import { type Frame, frameOf } from '../../../../lib/cli/top/views/frame.ts'
import type { Look } from '../../../../lib/cli/top/views/layout.ts'
import type { ShownTick } from '../../../../lib/report/shown-tick.ts'

export const unicode = glyphsFor({ LANG: 'C.UTF-8' }, {})
export const ascii = glyphsFor({}, { ascii: true })

const named: Readonly<Record<string, string>> = { Enter: 'return', Esc: 'escape', Backspace: 'backspace' }
const names = ['Up', 'Down', 'Left', 'Right', 'PageUp', 'PageDown', 'Home', 'End']

/** What somebody sees who presses keys: `Enter`, `Down`, `Ctrl-C`, or a character each. */
export class Onlooker {
  readonly model = new HostModel()
  state: LookState
  columns: number
  rows: number
  readonly commands: unknown[] = []
  readonly #glyphs: Look['glyphs']
  #on: OnScreen = { guests: [], decisions: 0, rows: 0, totalLines: 0 }

  constructor(
    ticks: readonly ShownTick[],
    { columns = 80, rows = 24, glyphs = unicode, ...state }: Partial<Look & LookState> = {},
  ) {
    for (const tick of ticks) this.model.take(tick)
    this.columns = columns
    this.rows = rows
    this.#glyphs = glyphs
    this.state = { ...initialState(), ...state }
  }

  frame(): Frame {
    const { model, state, columns, rows } = this
    const frame = frameOf({
      ...{ model, state, columns, rows, glyphs: this.#glyphs },
      shown: model.shown(model.last),
      status: {
        title: 'qemu:///system',
        mode: 'live',
        spaceDoes: 'stop',
        isBehind: false,
        message: undefined,
      },
    })
    this.#on = frame.on
    return frame
  }

  /** The screen as text. */
  get text(): string[] {
    return textOf(this.frame().lines)
  }

  press(...keys: string[]): this {
    for (const key of keys) {
      this.frame()
      const ctrl = /^Ctrl-(.)$/.exec(key)?.[1]?.toLowerCase()
      const name = ctrl ?? named[key] ?? (names.includes(key) ? key.toLowerCase() : undefined)
      const { state, command } = press(
        this.state,
        { text: name ? undefined : key, name, ctrl: ctrl !== undefined },
        this.#on,
      )
      this.state = state
      if (command) this.commands.push(command)
    }
    return this
  }
}

export function textOf(lines: readonly Line[]): string[] {
  return lines.map((line) => line.map(({ text }) => text).join(''))
}
