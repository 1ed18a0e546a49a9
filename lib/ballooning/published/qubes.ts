import { type PurePolicy, type SetMemoryAction, setMemory } from '../../policy/plan.ts'
import { MiB } from '../../util/units.ts'
import { freeMemory } from '../free-memory.ts'
import { type Guest, guestsOf, leastSize } from './guest.ts'

/** A guest's preferred size is this many times what it uses. */
const factor = 1.3
/** Bytes that must have to move in all for anything to be done; or to one guest that is below what it would like. */
const threshold = 150 * MiB
const thresholdBelow = 15 * MiB
/** Bytes: a guest with less above what it would like is not asked for it when the host is short. */
const leastDonation = 10 * MiB

/** A guest, and the size that it would like. */
interface Wish {
  readonly guest: Guest
  readonly preferred: number
}

/**
 * The memory manager of Qubes OS. A guest would like to have 1.3 times what it uses, cache apart. What there is
 * beyond all wishes is shared in proportion to them; where there is not enough for all, those that have more than they
 * would like give it, and those below get all that is free in proportion to their wishes. Nothing is done for less
 * than 150 MiB in all, unless a guest that is below its wish would get 15 MiB.
 *
 * So all of the host's memory is always with the guests, what they need or not. Guests that refuse are left out.
 * What was granted and is not taken yet is not free. The 50 MiB that Qubes leaves free are the loop's `hostMemoryReserve` here.
 *
 * Qubes OS, qubes-core-admin, qubes/qmemman: algo.py and systemstate.py.
 */
export function qubes(): PurePolicy<SetMemoryAction> {
  return (view) => {
    const free = freeMemory(view)
    const wishes = guestsOf(view, leastSize)
      .filter(({ domain }) => domain.memory.progress !== 'refusing')
      .map((guest): Wish => {
        const preferred = Math.max(guest.minimum, Math.min(guest.maximum, factor * guest.inUse))
        return { guest, preferred }
      })
    const surplus = wishes.reduce((sum, { guest, preferred }) => sum + guest.present - preferred, free)
    const sizes = surplus > 0 ? shareSurplus(wishes, surplus) : takeFromDonors(wishes, free)

    const changes = [...sizes].map(([wish, size]) => ({ ...wish, size, change: size - wish.guest.asked }))
    const isWorthIt =
      free < -thresholdBelow ||
      changes.some(({ guest, preferred, change }) => guest.asked < preferred && change > thresholdBelow) ||
      changes.reduce((sum, { change }) => sum + Math.abs(change), Math.abs(free)) > threshold
    if (!isWorthIt) return []
    return changes
      .filter(({ change }) => Math.abs(change) >= MiB)
      .toSorted((a, b) => Number(a.change > 0) - Number(b.change > 0))
      .map(({ guest, preferred, size }) => {
        const { inUse: used, asked } = guest
        return setMemory(guest.domain, size, { kind: 'qubes', used, preferred, size: asked, free })
      })
  }
}

/** What is more than all would like, in proportion to that; what one may not have, to the others in equal parts. */
function shareSurplus(wishes: readonly Wish[], surplus: number): Map<Wish, number> {
  const sum = wishes.reduce((total, { preferred }) => total + preferred, 0)
  const sizes = new Map(wishes.map((wish) => [wish, wish.preferred + (surplus * wish.preferred) / sum]))
  for (;;) {
    let left = 0
    for (const [wish, size] of sizes) {
      left += Math.max(0, size - wish.guest.maximum)
      sizes.set(wish, Math.min(size, wish.guest.maximum))
    }
    const open = wishes.filter((wish) => sizes.get(wish)! < wish.guest.maximum)
    if (left < 1 || open.length === 0) return sizes
    for (const wish of open) sizes.set(wish, sizes.get(wish)! + left / open.length)
  }
}

/** Donors down to what they would like; what that gives and what is free to the others, in proportion to what they would like. */
function takeFromDonors(wishes: readonly Wish[], free: number): Map<Wish, number> {
  const isDonor = ({ guest, preferred }: Wish) => guest.present > preferred || guest.present >= guest.maximum
  const donors = wishes.filter((wish) => {
    return isDonor(wish) && wish.guest.present - wish.preferred >= leastDonation
  })
  const takers = wishes.filter((wish) => !isDonor(wish))
  const sizes = new Map(donors.map((wish) => [wish, wish.preferred]))
  const pool = donors.reduce((sum, { guest, preferred }) => sum + guest.present - preferred, free)
  if (pool < 0) return sizes
  const sum = takers.reduce((total, { preferred }) => total + preferred, 0)
  for (const wish of takers) {
    const { guest, preferred } = wish
    sizes.set(wish, Math.min(guest.maximum, guest.present + (pool * preferred) / sum))
  }
  return sizes
}
