import { computed, signal } from '@preact/signals'
import type { Change } from '../../recording/changes.ts'
import { emptyOverview, type Overview } from '../../report/feed/overview.ts'
import { type Moment, momentAt } from './history.ts'
import { place } from './location.ts'
import type { Info } from './requests.ts'

/** How the page stands with its server. */
export type Connection = 'connecting' | 'live' | 'recording' | 'lost' | 'token-needed'

export const connection = signal<Connection>('connecting')
/** What went wrong, in words. */
export const problem = signal('')
export const info = signal<Info | undefined>(undefined)
/** The moments that are known in full, in their order: a new array when there are others. */
export const moments = signal<readonly Moment[]>([])
/** All of the time in few figures. */
export const overview = signal<Overview>(emptyOverview())
/** Changes from the first to the last. */
export const changes = signal<readonly Change[]>([])

/** What is shown. */
export const shown = computed<Moment | undefined>(() => {
  const { at } = place.value
  return at === undefined ? moments.value.at(-1) : momentAt(moments.value, at)
})
