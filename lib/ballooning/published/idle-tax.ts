import { isSameRun, runOf } from '../../host/sample.ts'
import { type SetMemoryAction, type StatefulPolicy, setMemory } from '../../policy/plan.ts'
import { MiB } from '../../util/units.ts'
import { freeMemory } from '../free-memory.ts'
import { type Guest, guestsOf, leastSize } from './guest.ts'

/** Fraction of its idle memory that a guest can lose to others, and what a page of it costs then. */
const tax = 0.75
const idleCost = 1 / (1 - tax)
/** Milliseconds that the averages of a guest's active memory are over. */
const slow = 300_000
const fast = 30_000

/** Averages of the active memory of one run of a guest, in bytes. */
interface Averages {
  readonly id: number
  readonly slow: number
  readonly fast: number
}

/** What {@link idleTax} remembers. Plain data. */
export interface IdleTaxState {
  readonly time: number | undefined
  /** Memory is being taken from guests: the host was found below the state "high", and has not clearly passed it since. */
  readonly reclaims: boolean
  /** By UUID. */
  readonly guests: ReadonlyMap<string, Averages>
}

/** A guest and what the formula makes of it, in bytes. */
interface Taxed {
  readonly guest: Guest
  readonly shares: number
  readonly active: number
  readonly rho: number
}

/**
 * Free fractions of the host's memory: reclaiming begins below `high`, ends above `left`, and aims at `aim`; below
 * `soft` nothing is granted.
 */
const states = { high: 0.06, left: 0.065, aim: 0.07, soft: 0.04 }
/** Bytes: smaller changes wait. */
const worthwhile = 16 * MiB
/** Halvings of the price that is looked for. */
const halvings = 60

/**
 * The allocation of VMware ESX: shares per page, with a tax on idle memory. A guest with S shares and P bytes, of which the
 * fraction f is active, pays rho = S / (P * (f + k * (1 - f))) for each, k = 1 / (1 - tax); idle memory costs k times
 * as much as active memory. Memory is taken from the guest with the lowest rho, so in the end all pay the same, within
 * their minimum and maximum: that is the size that this policy brings each to.
 *
 * Memory is taken only while the host is short: from less than 6 % free on, until that is clearly passed. Down to 4 % free,
 * guests below their size are granted what they lack. (The states "hard" and "low" of ESX are about
 * swapping guests out and stopping them, which is not done from here.) Free is what can be granted: what the guard
 * keeps for the host comes on top.
 *
 * ESX samples pages to find f. From outside, what is not MemAvailable counts as active; as in ESX, it is the largest of a slow
 * average, a fast one and the present value, so that it rises at once and falls slowly.
 *
 * Waldspurger, "Memory Resource Management in VMware ESX Server" (2002).
 */
export function idleTax(): StatefulPolicy<SetMemoryAction, IdleTaxState> {
  const judge = (guest: Guest, averages: Averages): Taxed => {
    const shares = guest.domain.settings.memoryShares
    const active = Math.min(guest.present, Math.max(activeOf(guest), averages.slow, averages.fast))
    const rho = shares / (active + idleCost * (guest.present - active))
    return { guest, shares, active, rho }
  }
  /** The size at which a guest pays 1 / `level` for each byte. */
  const sizeAt = ({ guest, shares, active }: Taxed, level: number) => {
    const bought = shares * level
    const size = bought <= active ? bought : active + (bought - active) / idleCost
    return Math.min(guest.maximum, Math.max(guest.minimum, size))
  }
  const sizesWithin = (guests: readonly Taxed[], pool: number): number[] => {
    const sizesAt = (level: number) => guests.map((guest) => sizeAt(guest, level))
    const isTooMuch = (level: number) => sizesAt(level).reduce((sum, size) => sum + size, 0) > pool
    let low = 0
    let high = Math.max(0, ...guests.map(({ guest, shares }) => (idleCost * guest.maximum) / shares))
    if (!isTooMuch(high)) return sizesAt(high)
    for (let i = 0; i < halvings; i++) {
      const middle = (low + high) / 2
      if (isTooMuch(middle)) high = middle
      else low = middle
    }
    return sizesAt(low)
  }

  return {
    initialState: { time: undefined, reclaims: false, guests: new Map() },
    decide(view, before) {
      const free = freeMemory(view)
      const { total } = view.memory
      const reclaims = free < (before.reclaims ? states.left : states.high) * total
      const passed = before.time === undefined ? 0 : view.time - before.time
      const averages = new Map<string, Averages>()
      const guests = guestsOf(view, leastSize).map((guest) => {
        const { domain } = guest
        const found = before.guests.get(domain.uuid)
        const known = found && isSameRun(found, domain) ? found : undefined
        const now = activeOf(guest)
        const next = {
          ...runOf(domain),
          slow: closer(known?.slow ?? now, now, passed / slow),
          fast: closer(known?.fast ?? now, now, passed / fast),
        }
        averages.set(domain.uuid, next)
        return judge(guest, next)
      })
      const held = guests.reduce((sum, { guest }) => sum + guest.present, 0)
      const sizes = sizesWithin(guests, held + free - states.aim * total)
      const wants = guests.map((taxed, i) => ({ ...taxed, size: sizes[i]! }))
      const state = { time: view.time, reclaims, guests: averages }
      const lacking = wants.filter(({ guest, size }) => size - guest.asked >= worthwhile)
      const grants = grant(lacking, free - states.soft * total)
      if (!reclaims) return { plan: grants, state }
      const lack = lacking.reduce((sum, { guest, size }) => sum + size - guest.present, 0)
      return { plan: [...reclaim(wants, lack + states.aim * total - free), ...grants], state }
    },
  }
}

type Wanting = Taxed & { readonly size: number }

/** Grants what is lacking out of `pool`, to those with the highest rho first. */
function grant(guests: readonly Wanting[], pool: number): SetMemoryAction[] {
  let left = pool
  return guests
    .toSorted((a, b) => b.rho - a.rho)
    .flatMap((taxed) => {
      const { guest, size } = taxed
      const granted = Math.min(size, guest.present + Math.max(0, left))
      left -= Math.max(0, granted - guest.present)
      if (granted - guest.asked < worthwhile) return []
      return [setMemory(guest.domain, granted, reasonFor(taxed))]
    })
}

/** Takes `bytes`, from those with the lowest rho first. */
function reclaim(guests: readonly Wanting[], bytes: number): SetMemoryAction[] {
  let left = bytes
  return guests
    .toSorted((a, b) => a.rho - b.rho)
    .flatMap((taxed) => {
      const { guest, size } = taxed
      const target = Math.max(size, guest.present - Math.max(0, left))
      if (guest.present - target < worthwhile) return []
      left -= guest.present - target
      return guest.asked - target < worthwhile ? [] : [setMemory(guest.domain, target, reasonFor(taxed))]
    })
}

function reasonFor({ guest, active, shares, size }: Wanting) {
  return { kind: 'idle-tax', active, size: guest.present, shares, goal: size } as const
}

function activeOf({ actual, total, inUse }: Guest): number {
  return Math.min(actual, inUse + Math.max(0, actual - total))
}

/** An average that comes closer to what is seen now, `part` of its length later. */
function closer(average: number, now: number, part: number): number {
  return now + (average - now) * Math.exp(-part)
}
