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
interface Look {
  readonly time: number
  readonly used: number
}

/** What {@link mom} remembers. Plain data. */
export interface MomState {
  readonly due: number | undefined
  /** The host's use as a fraction of its total, oldest first. */
  readonly host: readonly Look[]
  /** By UUID: the use in bytes of one run of a guest, oldest first. */
  readonly guests: ReadonlyMap<string, RunIdentity & { readonly looks: readonly Look[] }>
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
      const hostFree = 1 - average(state.host)
      const plan = guests.flatMap((guest) => {
        const used = average(state.guests.get(guest.domain.uuid)!.looks)
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
  const add = (looks: readonly Look[], used: number) => {
    return [...looks.filter((look) => look.time > time - window), { time, used }]
  }
  const free = memory.available ?? memory.free
  const known = free !== undefined && memory.total >= MiB
  return {
    host: known ? add(before.host, 1 - free / memory.total) : [],
    guests: new Map(
      guests.map(({ domain, actual, unused }) => {
        const found = before.guests.get(domain.uuid)
        const looks = found && isSameRun(found, domain) ? found.looks : []
        return [domain.uuid, { ...runOf(domain), looks: add(looks, actual - unused) }]
      }),
    ),
  }
}

function average(looks: readonly Look[]): number {
  return looks.reduce((sum, { used }) => sum + used, 0) / looks.length
}
