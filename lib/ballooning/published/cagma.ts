import { isSameRun, type RunIdentity, runOf } from '../../host/sample.ts'
import { type SetMemoryAction, type StatefulPolicy, setMemory } from '../../policy/plan.ts'
import { MiB } from '../../util/units.ts'
import { negligible } from '../../view/memory/sizes.ts'
import type { DomainView } from '../../view/view.ts'
import { freeMemory } from '../free-memory.ts'
import { type Guest, guestsOf, turnOf } from './guest.ts'

/** Milliseconds from one periodic allocation to the next. */
const period = 3_000
/** The critical amount is this many times what the guest's processes hold. */
const factor = 1.1
/** Bytes: no guest releases below it, unless it has a floor of its own. */
const floor = 256 * MiB

/** What {@link cagma} remembers. Plain data. */
export interface CagmaState {
  readonly due: number | undefined
  /** By UUID: of one run of a guest, the bytes of its releases in a row, the last ones. */
  readonly guests: ReadonlyMap<string, RunIdentity & { readonly releases: readonly number[] }>
}

/** After this many releases in a row a guest releases the mean of the last few. */
const row = 10
const averaged = 5

/**
 * CAGMA, memory allocation guided by the critical amount: 1.1 times what a guest's processes hold, in memory and
 * swapped out. Every 3 s, a guest whose available memory is below its critical amount is given the difference, and one that has
 * more releases the difference, down to 256 MiB; from the eleventh release in a row on, no more than the mean of the last
 * five. A guest that swaps between two periods is given what it lacks at once; others release for it where the
 * host has not enough.
 *
 * CAGMA measures inside its guests. From outside, available memory is what the guest sees as its total, and what its
 * processes hold is estimated: all of that apart from MemAvailable, and what it is likely to want back from swap. The
 * guest's kernel is part of it.
 *
 * A guest with 10 % above what it holds has less than the guard's margin: the guard clamps it.
 *
 * Wu and Sun, CAGMA (2017).
 */
export function cagma(): StatefulPolicy<SetMemoryAction, CagmaState> {
  /** What a guest's available memory is below its critical amount. */
  const lackOf = ({ total, inUse }: Guest) => factor * inUse - total
  const figuresOf = ({ total, inUse }: Guest) => ({ critical: factor * inUse, available: total })
  const give = (guest: Guest, kind: 'cagma' | 'cagma-swapping') => {
    const size = Math.min(guest.maximum, guest.actual + lackOf(guest))
    if (size - guest.asked < negligible) return []
    return [setMemory(guest.domain, size, { kind, ...figuresOf(guest) })]
  }
  /** How much a guest has above its critical amount and may release, in bytes. */
  const surplusOf = (guest: Guest) => {
    const surplus = Math.min(-lackOf(guest), guest.actual - guest.minimum)
    return surplus < negligible ? 0 : surplus
  }
  const take = (guest: Guest, bytes: number) => {
    const size = guest.actual - bytes
    if (bytes === 0 || guest.asked - size < negligible) return []
    return [setMemory(guest.domain, size, { kind: 'cagma', ...figuresOf(guest) })]
  }

  return {
    initialState: { due: undefined, guests: new Map() },
    decide(view, before) {
      const { isNow, due } = turnOf(view, period, before.due)
      const guests = guestsOf(view, floor).toSorted((a, b) => lackOf(b) - lackOf(a))
      const releasesOf = ({ domain }: Guest) => {
        const found = before.guests.get(domain.uuid)
        return found && isSameRun(found, domain) ? found.releases : []
      }
      const amounts = new Map(guests.map((guest) => [guest, smoothed(surplusOf(guest), releasesOf(guest))]))
      const releases = guests.flatMap((guest) => take(guest, amounts.get(guest)!))
      if (isNow) {
        const grants = guests.flatMap((guest) => give(guest, 'cagma'))
        const remembered = guests.map((guest): [string, RunIdentity & { releases: number[] }] => {
          const { domain } = guest
          const amount = amounts.get(guest)!
          const releases = amount === 0 ? [] : [...releasesOf(guest), amount].slice(-row)
          return [domain.uuid, { ...runOf(domain), releases }]
        })
        return { plan: [...releases, ...grants], state: { due, guests: new Map(remembered) } }
      }
      const urgent = guests.filter(({ domain }) => swaps(domain))
      const grants = urgent.flatMap((guest) => give(guest, 'cagma-swapping'))
      const lack = urgent.reduce((sum, guest) => sum + Math.max(0, lackOf(guest)), 0)
      const plan = grants.length > 0 && lack > freeMemory(view) ? [...releases, ...grants] : grants
      return { plan, state: { due, guests: before.guests } }
    },
  }
}

function smoothed(surplus: number, releases: readonly number[]): number {
  if (releases.length < row) return surplus
  const last = releases.slice(-averaged)
  return Math.min(surplus, last.reduce((sum, bytes) => sum + bytes, 0) / averaged)
}

function swaps({ memory: { events, swappedOut = 0 } }: DomainView): boolean {
  return events ? events.underPressure || events.swappedOut > 0 : swappedOut > 0
}
