import { roundedBytes } from '../../util/format.ts'
import type { GuestFigures } from './model/guest-figures.ts'

/** By what guests are sorted; the first is the usual one. */
export const sortKeys = ['score', 'usage', 'delay', 'memory', 'name'] as const
export type SortKey = (typeof sortKeys)[number]

export type Page = 'overview' | 'decisions' | 'guest' | 'change' | 'help'

/** What somebody looks at: all of it is set by keys, and nothing of it by the host. */
export interface LookState {
  /** The page that is shown, on top of those that one comes back to. */
  readonly pages: readonly Page[]
  readonly sort: SortKey
  /** The other way round: the highest score, the least load. */
  readonly isReversed: boolean
  readonly filter: string
  /** What is being typed, and for what; undefined: keys are commands. */
  readonly typing?: { readonly what: 'filter' | 'time'; readonly text: string } | undefined
  /** UUID of the guest that is selected, and its row: where it has gone, that row is selected. */
  readonly guest: string | undefined
  readonly row: number
  /** Which decision is selected, counted from the newest. */
  readonly decision: number
  /** First line of a page that is longer than the screen. */
  readonly scroll: number
}

export function initialState(given: Partial<Pick<LookState, 'sort' | 'filter'>> = {}): LookState {
  return {
    pages: ['overview'],
    sort: 'score',
    isReversed: false,
    filter: '',
    guest: undefined,
    row: 0,
    decision: 0,
    scroll: 0,
    ...given,
  }
}

export function pageOf({ pages }: LookState): Page {
  return pages.at(-1)!
}

/** The guests whose names have the filter in them, in the order that was asked for; what is not known comes last. */
export function sortedGuests(
  guests: readonly GuestFigures[],
  { sort, isReversed, filter }: Pick<LookState, 'sort' | 'isReversed' | 'filter'>,
): GuestFigures[] {
  const sought = filter.toLowerCase()
  const found = sought === '' ? [...guests] : guests.filter(({ name }) => name.toLowerCase().includes(sought))
  const sign = isReversed ? -1 : 1
  if (sort === 'name') return found.sort((a, b) => sign * compareNames(a.name, b.name))
  const rank = ranks[sort]
  const value = (guest: GuestFigures) => sign * rank(guest)
  // By name where the same is shown, so that rows stay in their places.
  return found.sort((a, b) => compareKnown(value(a), value(b)) || compareNames(a.name, b.name))
}

/**
 * What comes first is low: the worst score, the most of anything else. Rounded as it is shown: what nobody sees would
 * have guests change places in each tick.
 */
const ranks: Readonly<Record<Exclude<SortKey, 'name'>, (guest: GuestFigures) => number>> = {
  score: ({ score = Number.NaN }) => score,
  usage: ({ usage = Number.NaN }) => -Math.round(100 * usage),
  delay: ({ delay = Number.NaN }) => -Math.round(100 * delay),
  memory: ({ size = Number.NaN }) => -roundedBytes(size),
}

function compareKnown(a: number, b: number): number {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b))
  return a - b
}

function compareNames(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** The row of the selected guest among those that are shown; where it is none of them, the row at which it was. */
export function selectedRow(guests: readonly GuestFigures[], { guest, row }: LookState): number {
  const found = guests.findIndex(({ uuid }) => uuid === guest)
  return found >= 0 ? found : Math.max(0, Math.min(guests.length - 1, row))
}
