import { printable } from '../../util/printable.ts'
import type { GuestFigures } from './model/guest-figures.ts'
import { type LookState, type Page, pageOf, type SortKey, selectedRow, sortKeys } from './state.ts'

/** A key as Node tells it. */
export interface Key {
  /** What it types; undefined: nothing that can be shown. */
  readonly text: string | undefined
  readonly name: string | undefined
  readonly ctrl: boolean
}

/** What a key asks for beside another look at what is there. */
export type Command =
  | { readonly kind: 'quit' | 'suspend' | 'redraw' | 'pause' }
  /** By a number of Ticks, back or forth. */
  | { readonly kind: 'step'; readonly ticks: number }
  /** Milliseconds, back or forth. */
  | { readonly kind: 'skip'; readonly by: number }
  /** `slower` and `faster` are about the speed at which a recording is played. */
  | { readonly kind: 'speed'; readonly factor: number }
  | { readonly kind: 'jump'; readonly to: 'begin' | 'end' }
  /** To a time as it was typed. */
  | { readonly kind: 'time'; readonly text: string }

/** What is on the screen, as far as keys depend on it. */
export interface OnScreen {
  readonly guests: readonly GuestFigures[]
  readonly decisions: number
  /** Rows of a list or a text that fit the screen, and those that there are. */
  readonly rows: number
  readonly totalLines: number
}

export interface Pressed {
  readonly state: LookState
  readonly command?: Command
}

/** What a key does. */
export function press(state: LookState, key: Key, on: OnScreen): Pressed {
  const { name, ctrl } = key
  if (ctrl) return pressControl(state, name)
  if (state.typing) return { ...typed(state, key) }
  return navigated(state, key, on) ?? commanded(state, key) ?? { state }
}

function pressControl(state: LookState, name: string | undefined): Pressed {
  switch (name) {
    case 'c':
      return { state, command: { kind: 'quit' } }
    case 'z':
      return { state, command: { kind: 'suspend' } }
    case 'l':
      return { state, command: { kind: 'redraw' } }
    default:
      return { state }
  }
}

/** Characters of the longest filter. */
const longestTyped = 60

function typed(state: LookState, { name, text }: Key): Pressed {
  const { what, text: before } = state.typing!
  const done = { ...state, typing: undefined }
  const now = (text: string): Pressed => {
    const next = { ...state, typing: { what, text } }
    return { state: what === 'filter' ? filtered(next, text) : next }
  }
  switch (name) {
    case 'escape':
      return { state: what === 'filter' ? filtered(done, '') : done }
    case 'return':
    case 'enter':
      return what === 'time' && before.trim() !== ''
        ? { state: done, command: { kind: 'time', text: before.trim() } }
        : { state: done }
    case 'backspace':
      return now([...before].slice(0, -1).join(''))
    default:
      // What would move the cursor is no name.
      return text === undefined || printable(text) !== text || before.length + text.length > longestTyped
        ? { state }
        : now(before + text)
  }
}

function filtered(state: LookState, filter: string): LookState {
  return { ...state, filter, row: 0, guest: undefined }
}

/** Moves through lists, texts and pages; undefined: this key does not. */
function navigated(state: LookState, { name, text }: Key, on: OnScreen): Pressed | undefined {
  const page = pageOf(state)
  const move = (by: number): Pressed => {
    const most = (count: number, at: number) => Math.max(0, Math.min(count - 1, at))
    if (page === 'overview') {
      const row = most(on.guests.length, selectedRow(on.guests, state) + by)
      return { state: { ...state, row, guest: on.guests[row]?.uuid } }
    }
    if (page === 'decisions')
      return { state: { ...state, decision: most(on.decisions, state.decision + by) } }
    return { state: { ...state, scroll: Math.max(0, Math.min(on.totalLines - on.rows, state.scroll + by)) } }
  }
  switch (name ?? text) {
    case 'up':
    case 'k':
      return move(-1)
    case 'down':
    case 'j':
      return move(1)
    case 'pageup':
      return move(-Math.max(1, on.rows - 1))
    case 'pagedown':
      return move(Math.max(1, on.rows - 1))
    case 'home':
      return move(Number.NEGATIVE_INFINITY)
    case 'end':
      return move(Number.POSITIVE_INFINITY)
    case 'return':
    case 'enter':
      return opened(state, page, on)
    case 'escape':
    case 'backspace':
      if (state.pages.length > 1) return { state: closed(state) }
      return { state: filtered(state, '') }
    default:
      return undefined
  }
}

function opened(state: LookState, page: Page, on: OnScreen): Pressed {
  if (page === 'overview') {
    const row = selectedRow(on.guests, state)
    const guest = on.guests[row]
    return guest ? { state: { ...open(state, 'guest'), row, guest: guest.uuid } } : { state }
  }
  return page === 'decisions' && on.decisions > 0 ? { state: open(state, 'change') } : { state }
}

function open(state: LookState, page: Page): LookState {
  const at = state.pages.indexOf(page)
  // A page is open once: asked for again, it is come back to.
  const pages: readonly Page[] = at >= 0 ? state.pages.slice(0, at + 1) : [...state.pages, page]
  return { ...state, pages, scroll: 0 }
}

/** Back to the page before. */
function closed(state: LookState): LookState {
  return { ...state, pages: state.pages.slice(0, -1), scroll: 0 }
}

const sorts: Readonly<Record<string, SortKey>> = {
  S: 'score',
  U: 'usage',
  D: 'delay',
  M: 'memory',
  N: 'name',
}
const minute = 60_000

function commanded(state: LookState, { text, name }: Key): Pressed | undefined {
  const sort = sorts[text ?? '']
  if (sort) return { state: { ...state, sort, isReversed: state.sort === sort && !state.isReversed } }
  switch (text) {
    case 'q':
      return { state, command: { kind: 'quit' } }
    case '?':
    case 'h':
      return { state: pageOf(state) === 'help' ? closed(state) : open(state, 'help') }
    case 'd':
      return { state: open(state, 'decisions') }
    case '/':
      return { state: { ...state, pages: ['overview'], typing: { what: 'filter', text: state.filter } } }
    case 's':
      return { state: { ...state, sort: sortKeys[(sortKeys.indexOf(state.sort) + 1) % sortKeys.length]! } }
    case 'r':
      return { state: { ...state, isReversed: !state.isReversed } }
    case ' ':
      return { state, command: { kind: 'pause' } }
    case 'g':
      return { state: { ...state, typing: { what: 'time', text: '' } } }
    case '[':
      return { state, command: { kind: 'skip', by: -minute } }
    case ']':
      return { state, command: { kind: 'skip', by: minute } }
    case '<':
      return { state, command: { kind: 'jump', to: 'begin' } }
    case '>':
      return { state, command: { kind: 'jump', to: 'end' } }
    case '+':
      return { state, command: { kind: 'speed', factor: 2 } }
    case '-':
      return { state, command: { kind: 'speed', factor: 0.5 } }
  }
  if (name === 'left') return { state, command: { kind: 'step', ticks: -1 } }
  if (name === 'right') return { state, command: { kind: 'step', ticks: 1 } }
  return undefined
}
