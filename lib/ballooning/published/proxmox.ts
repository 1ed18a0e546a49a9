import { type SetMemoryAction, type StatefulPolicy, setMemory } from '../../policy/plan.ts'
import { MiB } from '../../util/units.ts'
import { type Guest, guestsOf, leastSize, turnOf } from './guest.ts'

/** Milliseconds from one decision to the next. */
const period = 10_000
/** Fraction of the host's memory that is to be used, and bytes that it may be off. */
const target = 0.8
const tolerance = 10 * MiB
/** Bytes that one guest is changed by at most in one decision. */
const step = 100 * MiB
/** Fraction of its minimum: a guest with more free is comfortable. */
const comfortable = 0.25

/** What {@link proxmox} remembers: when it decides next, in monotonic milliseconds. */
export interface ProxmoxState {
  readonly due: number | undefined
}

/**
 * The automatic ballooning of Proxmox VE. The host's use is brought to 80 % of its memory: what is missing or too much is
 * handed to, or taken from, guests, each coming nearer to its minimum and a part by its shares of all that guests have above
 * their minimum, by 100 MiB at a time. Guests with little free grow first, those with enough shrink first; all of them are
 * asked only where that brought nothing.
 *
 * How much a guest needs plays no other part: one at its minimum stays there while the host is above its target, however
 * it swaps. Memory that was granted and is not touched yet looks free, and is handed out again: the guard stops that.
 *
 * Proxmox VE, PVE::AutoBalloon (pve-manager) and pvestatd.
 */
export function proxmox(): StatefulPolicy<SetMemoryAction, ProxmoxState> {
  return {
    initialState: { due: undefined },
    decide(view, before) {
      const { isNow, due } = turnOf(view, period, before.due)
      const { total, available = view.memory.free } = view.memory
      if (!isNow || available === undefined) return { plan: [], state: { due } }
      const goal = target * total - (total - available)
      if (Math.abs(goal) <= tolerance) return { plan: [], state: { due } }

      const guests = guestsOf(view, leastSize)
      const isComfortable = (guest: Guest) => {
        return guest.unused > comfortable * guest.minimum && guest.actual >= guest.minimum
      }
      const first = guests.filter((guest) => isComfortable(guest) === goal < 0)
      const sizes = new Map<Guest, number>()
      if (Math.abs(handOut(first, goal, step, sizes)) >= Math.abs(goal)) handOut(guests, goal, step, sizes)
      const plan = [...sizes].map(([guest, size]) => {
        const figures = { isComfortable: isComfortable(guest), unused: guest.unused }
        return setMemory(
          guest.domain,
          size,
          goal < 0
            ? { kind: 'proxmox-above', hostAbove: -goal, ...figures }
            : { kind: 'proxmox-below', hostBelow: goal, ...figures },
        )
      })
      return { plan, state: { due } }
    },
  }
}

/** Changes `sizes` so that the guests have `bytes` more in all, or less; returns what is left of it. */
function handOut(guests: readonly Guest[], bytes: number, step: number, sizes: Map<Guest, number>): number {
  const sizeOf = (guest: Guest) => sizes.get(guest) ?? guest.actual
  let open = guests
  for (let rest = bytes; ; ) {
    const shares = open.reduce((sum, { domain }) => sum + domain.settings.memoryShares, 0)
    const above = open.reduce((sum, guest) => sum + sizeOf(guest) - guest.minimum, rest)
    const settled = new Set<Guest>()
    let changed = 0
    for (const guest of open) {
      const { minimum, maximum, actual } = guest
      const part = (above * guest.domain.settings.memoryShares) / shares
      const desired = Math.min(maximum, Math.max(minimum, minimum + part))
      // As published: a guest with more than its part shrinks, even while memory is handed out.
      if (desired === actual || (desired > actual && bytes < 0)) {
        settled.add(guest)
        continue
      }
      const size = Math.min(actual + step, Math.max(actual - step, desired))
      changed += size - sizeOf(guest)
      sizes.set(guest, size)
    }
    rest -= changed
    open = open.filter((guest) => !settled.has(guest))
    if (Math.abs(changed) < 1 || Math.abs(rest) < 1) return rest
  }
}
