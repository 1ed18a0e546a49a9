import { isSameRun, type RunIdentity, runOf } from '../../host/sample.ts'
import { type SetMemoryAction, type StatefulPolicy, setMemory } from '../../policy/plan.ts'
import { MiB } from '../../util/units.ts'
import type { View } from '../../view/view.ts'
import { type Guest, guestsOf, leastSize, turnOf } from './guest.ts'

/** Milliseconds from one decision to the next, and that averages are over. */
const period = 10_000
const window = 50_000
/** Free fractions of the host's memory: guests shrink below `pressure`, and are made to swap up to `critical`. */
const pressure = 0.2
const critical = 0.05
/** Fractions of a balloon: kept free while the host has enough; smallest growth, largest shrink; too little to change. */
const guestFree = 0.2
const step = 0.05
const threshold = 0.0025

/** One sample of a guest, or of the host. */
interface Level {
  readonly time: number
  readonly bytes: number
}

/** What {@link mom} remembers. Plain data. */
export interface MomState {
  readonly due: number | undefined
  /** What the host had free, oldest first. In bytes, which are exact: at 5 % free, 1 - 0.95 is above 0.05. */
  readonly host: readonly Level[]
  /** By UUID: what one run of a guest used, oldest first. */
  readonly guests: ReadonlyMap<string, RunIdentity & { readonly levels: readonly Level[] }>
}

/**
 * The balloon rules of oVirt's Memory Overcommitment Manager. While the host has less than a fifth of its memory free, each
 * guest shrinks by 5 % at most, down to what it uses and a margin that becomes smaller with what is free, and negative when
 * next to nothing is: then guests are made to swap. Otherwise each grows by 5 % at least, or to what it uses and a fifth
 * more. What a guest uses is its balloon less its MemFree, on the average of 50 s: page cache counts.
 *
 * Growth is not compared with what the host has, and guests are made to swap: the guard clamps both.
 *
 * oVirt MOM, doc/balloon.rules (with the floor as VDSM has it: the larger of the two).
 */
export function mom(): StatefulPolicy<SetMemoryAction, MomState> {
  const shrink = (guest: Guest, used: number, hostFree: number): number => {
    const margin = hostFree <= critical ? hostFree - critical : (guestFree * hostFree) / pressure
    const least = Math.max(guest.minimum, used + margin * guest.actual)
    return Math.min(guest.actual, Math.max((1 - step) * guest.actual, least))
  }
  const grow = (guest: Guest, used: number): number => {
    const least = Math.max(guest.minimum, used + guestFree * guest.actual)
    return Math.max(guest.actual, Math.min(guest.maximum, Math.max((1 + step) * guest.actual, least)))
  }

  return {
    initialState: { due: undefined, host: [], guests: new Map() },
    decide(view, before) {
      const { isNow, due } = turnOf(view, period, before.due)
      const guests = guestsOf(view, leastSize)
      const state = { due, ...remember(view, guests, window, before) }
      if (!isNow || state.host.length === 0) return { plan: [], state }
      const hostFree = average(state.host) / view.memory.total
      const plan = guests.flatMap((guest) => {
        const used = average(state.guests.get(guest.domain.uuid)!.levels)
        const size = hostFree < pressure ? shrink(guest, used, hostFree) : grow(guest, used)
        if (Math.abs(size - guest.actual) <= threshold * guest.actual) return []
        return [setMemory(guest.domain, size, { kind: 'mom', hostFree, used, size: guest.actual })]
      })
      return { plan, state }
    },
  }
}

function remember(
  { time, memory }: View,
  guests: readonly Guest[],
  window: number,
  before: MomState,
): Pick<MomState, 'host' | 'guests'> {
  const add = (levels: readonly Level[], bytes: number) => {
    return [...levels.filter((level) => level.time > time - window), { time, bytes }]
  }
  const free = memory.available ?? memory.free
  const isKnown = free !== undefined && memory.total >= MiB
  return {
    host: isKnown ? add(before.host, free) : [],
    guests: new Map(
      guests.map(({ domain, actual, unused }) => {
        const found = before.guests.get(domain.uuid)
        const levels = found && isSameRun(found, domain) ? found.levels : []
        return [domain.uuid, { ...runOf(domain), levels: add(levels, actual - unused) }]
      }),
    ),
  }
}

function average(levels: readonly Level[]): number {
  return levels.reduce((sum, { bytes }) => sum + bytes, 0) / levels.length
}
