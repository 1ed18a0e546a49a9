import type { SetMemoryAction } from '../../policy/plan.ts'
import { KiB } from '../../util/units.ts'
import { negligible } from '../../view/memory/sizes.ts'
import { unallocatedMemory } from '../../view/memory/unallocated.ts'
import { guestSize } from '../../view/memory/virtio-mem.ts'
import type { DomainView, View } from '../../view/view.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { GuardLimits, Verdict } from '../verdict.ts'
import { balloonLevels } from './eligibility.ts'

/**
 * The host's memory during one tick: what balloons may still grow by. The host reserve: what all
 * domains hold, with what is on its way to them, stays within the budget, and nothing is granted that has not
 * been seen to be free. What shrinks in this tick is not free before a later sample shows it.
 */
export class MemoryBudget {
  readonly #view: View
  readonly #ledger: Ledger
  /** Added up when it is first asked for: most ticks change no balloon. */
  #headroom: number | undefined

  constructor(view: View, ledger: Ledger) {
    this.#view = view
    this.#ledger = ledger
  }

  /** Bytes that may still be granted in this tick. */
  get headroom(): number {
    this.#headroom ??= headroomOf(this.#view, this.#ledger)
    return this.#headroom
  }

  /** Takes from the headroom what `action` lets its domain grow by. */
  grant(action: SetMemoryAction, domain: DomainView): void {
    const taken = Math.max(0, action.bytes - this.present(domain))
    // Of fractions of a byte, rounding may take more than there is. Below 0, a guest at its floor would be cut to the reserve
    // and raised to the floor in turn, without end.
    this.#headroom = Math.max(0, this.headroom - taken)
  }

  /** Bytes that the balloon has, or has been promised and may have by now. */
  present(domain: DomainView): number {
    return presentSize(domain, this.#ledger)
  }
}

function headroomOf(view: View, ledger: Ledger): number {
  const unallocated = unallocatedMemory(view, (domain) => ledger.largestRequested(domain))
  const headroom = unallocated - view.memory.reserved
  // A host that does not tell its memory has none to grant.
  return Number.isNaN(headroom) ? 0 : Math.max(0, headroom)
}

/** Bytes that a balloon has, or has been promised and may have by now. */
export function presentSize(domain: DomainView, ledger: Ledger): number {
  const { actual = 0, target = 0 } = domain.memory
  return Math.max(actual, target, ledger.largestRequested(domain))
}

/**
 * What becomes of a new balloon size, as one rule after the other is asked: nothing when it is fine as it is.
 * It keeps the guest floor and the host reserve. A shrink that is too deep is made less deep and a grant that
 * does not fit is made smaller: grants are served in the order of the plan.
 */
export function limitMemory(
  action: SetMemoryAction,
  domain: DomainView,
  limits: GuardLimits,
  books: MemoryBudget,
): Verdict<SetMemoryAction> | undefined {
  const levels = balloonLevels(domain)
  if ('reason' in levels) return { rule: levels.rule, cause: levels.reason }
  const { actual, used } = levels
  const { target, maximum } = domain.memory
  const resized = (bytes: number) => ({ ...action, bytes })
  const present = books.present(domain)
  const most = Math.max(maximum ?? Number.POSITIVE_INFINITY, present)
  if (action.bytes > most) {
    const plugged = domain.memory.virtioMem?.current
    const cause = { kind: 'above-maximum', maximum: most, ...(plugged !== undefined && { plugged }) } as const
    return { rule: 'invalid', instead: resized(most), cause }
  }
  const { memoryCeiling } = domain.settings
  // One that has more already may keep it: to shrink is for policies to decide.
  if (memoryCeiling !== undefined && action.bytes > Math.max(memoryCeiling, present)) {
    const cause = { kind: 'above-ceiling', memoryCeiling } as const
    return { rule: 'guest-ceiling', instead: resized(Math.max(memoryCeiling, present)), cause }
  }
  const leastSize = leastSizeOf(domain, limits)
  const floor = Math.max(used + limits.guestMargin, leastSize)
  const lowest = lowestSize(domain, used, limits, present)
  if (action.bytes < lowest) {
    return {
      rule: 'guest-floor',
      instead: resized(lowest),
      cause:
        floor > leastSize
          ? { kind: 'below-use', used, margin: limits.guestMargin }
          : leastSize > limits.guestFloor
            ? { kind: 'below-memory-floor', memoryFloor: leastSize }
            : { kind: 'below-guest-floor', guestFloor: limits.guestFloor },
    }
  }
  const highest = present + books.headroom
  if (action.bytes > highest) {
    return {
      rule: 'host-reserve',
      instead: resized(highest),
      cause: { kind: 'no-headroom', headroom: books.headroom },
    }
  }
  if (Math.abs(action.bytes - (target ?? actual)) < negligible) {
    return { rule: 'no-change', cause: { kind: 'same-size', actual, target } }
  }
  return undefined
}

/** What a virtio-mem device has plugged holds nothing of the guest's kernel: the balloon alone leaves it its floor. */
function leastSizeOf({ settings, memory }: DomainView, { guestFloor }: GuardLimits): number {
  return Math.max(guestSize(memory, guestFloor), settings.memoryFloor ?? 0)
}

/** Bytes that a domain with `present` bytes is not shrunk below while it uses `used`: rule 1. */
export function lowestSize(domain: DomainView, used: number, limits: GuardLimits, present: number): number {
  const floor = Math.max(used + limits.guestMargin, leastSizeOf(domain, limits))
  return Math.min(present, Math.ceil(floor / KiB) * KiB)
}
