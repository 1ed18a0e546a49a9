import type { CliContext } from '../context.ts'
import { UsageError } from '../exit-codes.ts'
import { parseMoment } from '../values.ts'
import { type Command, type Key, press } from './keys.ts'
import { HostModel } from './model/host-model.ts'
import type { Glyphs } from './screen/glyphs.ts'
import { Screen } from './screen/screen.ts'
import { paletteOf } from './screen/styled.ts'
import { Terminal } from './screen/terminal.ts'
import type { LookState } from './state.ts'
import type { Transport } from './transport.ts'
import { frameOf } from './views/frame.ts'

/** Milliseconds between two frames at least, and at most: what says how old it is has to be drawn anew. */
const frames = { least: 40, most: 5_000 }

export interface TopOptions {
  readonly state: LookState
  readonly glyphs: Glyphs
  /** What happens to the end of the Ticks; resolves to what is looked at from then on, undefined: nothing. */
  readonly transport: (changed: () => void) => Promise<Transport | undefined>
}

/** Shows what a transport tells in the terminal of this process, until the user has seen enough. */
export async function showTop(
  context: CliContext,
  process: NodeJS.Process,
  { state: given, glyphs, transport: open }: TopOptions,
): Promise<void> {
  let state = given
  let transport: Transport | undefined
  /** What the user is told until the next key. */
  let notice: string | undefined
  let end: () => void = () => {}
  let fail: (error: unknown) => void = () => {}
  const ended = new Promise<void>((resolve, reject) => {
    end = resolve
    fail = reject
  })
  const screen = new Screen(paletteOf(context.env), glyphs)
  let timer: NodeJS.Timeout | undefined
  let drawnAt = Number.NEGATIVE_INFINITY
  /** There was something to be drawn while the terminal was busy. */
  let isBehind = false

  const frame = () =>
    frameOf({
      ...{ state, glyphs, ...terminal.size },
      model: transport?.model ?? nothing,
      shown: transport?.model.shown(transport.position),
      status: {
        title: `ballast top  ${transport?.title ?? ''}`,
        mode: transport?.mode ?? 'connecting',
        spaceDoes: transport?.spaceDoes ?? 'stop',
        isBehind: transport?.isBehind ?? false,
        message: notice ?? transport?.message,
      },
    })
  const draw = async () => {
    timer = undefined
    // A slow line: what has come meanwhile is drawn once this is through.
    isBehind = terminal.isBusy
    if (isBehind) return
    drawnAt = performance.now()
    const { columns, rows } = terminal.size
    const { lines } = frame()
    const text = screen.update(lines, columns, rows)
    if (text !== '') await terminal.write(text)
    changed(isBehind ? frames.least : frames.most)
  }
  const changed = (within: number = frames.least) => {
    const at = Math.max(0, drawnAt + within - performance.now())
    if (timer && within === frames.most) return
    clearTimeout(timer)
    timer = setTimeout(() => void draw().catch(fail), at)
  }
  const obey = (command: Command) => {
    switch (command.kind) {
      case 'quit':
        return end()
      case 'suspend':
        return terminal.suspend()
      case 'redraw':
        return screen.forget()
      case 'time':
        return seek(command.text)
      default:
        transport?.do(command)
    }
  }
  const seek = (text: string) => {
    const shown = transport?.model.tick(transport.position)
    if (!transport || !shown) return
    try {
      // A time of day is one of the 24 hours around what is shown.
      transport.seek(parseMoment('what is typed', shown.wallTime + halfDay)(text))
    } catch (error) {
      if (!(error instanceof UsageError)) throw error
      notice = error.message
    }
  }
  const terminal = new Terminal(process, {
    key(key: Key) {
      notice = undefined
      // As it is now: several keys may come before the next frame.
      const pressed = press(state, key, frame().on)
      state = pressed.state
      if (pressed.command) obey(pressed.command)
      changed()
    },
    changed() {
      screen.forget()
      changed()
    },
    gone: () => end(),
  })
  const stop = () => end()
  context.signal.addEventListener('abort', stop, { once: true })
  const run = async () => {
    for (;;) {
      transport = await open(changed)
      changed()
      if (!transport) return
      await transport.run()
    }
  }
  try {
    changed()
    run().then(() => end(), fail)
    await ended
  } finally {
    context.signal.removeEventListener('abort', stop)
    clearTimeout(timer)
    await terminal.release()
  }
}

/** Before the first Tick. */
const nothing = new HostModel()
const halfDay = 12 * 3_600_000
