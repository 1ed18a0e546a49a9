import { MiB } from '../../util/units.ts'
import type { DomainView, View } from '../../view/view.ts'

/** Bytes: the least balloon of a guest that has no `memoryFloor`, as the guard has it. */
export const leastSize = 200 * MiB

/** A guest whose balloon may be changed, in bytes, as the published systems see theirs. */
export interface Guest {
  readonly domain: DomainView
  /** The least and the most that its owner, or the policy, lets it have. */
  readonly minimum: number
  readonly maximum: number
  /** The balloon's size now. */
  readonly actual: number
  /** The size that it is on its way to; when it rests, the one that it has. */
  readonly asked: number
  /** What it counts with on the host's books: the larger of these two. */
  readonly present: number
  /** What the guest sees as its total. */
  readonly total: number
  /** The guest's MemFree. */
  readonly unused: number
  /** What it uses apart from page cache, and what it is likely to want back from swap. */
  readonly inUse: number
}

/**
 * The guests of which enough is known and that may be changed, `minimum` being the least size where a guest has none of
 * its own.
 */
export function guestsOf(view: View, minimum: number): Guest[] {
  return view.domains.flatMap((domain): Guest[] => {
    const { settings, memory } = domain
    const { hold, actual, target, maximum, available, unused } = memory
    if (hold !== undefined || !settings.managed) return []
    if (actual === undefined || maximum === undefined || unused === undefined) return []
    const most = Math.min(maximum, settings.memoryCeiling ?? maximum)
    const total = available ?? actual
    return [
      {
        domain,
        minimum: Math.min(most, settings.memoryFloor ?? minimum),
        maximum: most,
        actual,
        asked: target ?? actual,
        present: Math.max(actual, target ?? 0),
        total,
        unused,
        inUse: Math.max(0, total - (memory.usable ?? unused)) + swapDebt(domain),
      },
    ]
  })
}

/** When a policy with a period of its own acts. */
export interface Turn {
  readonly isNow: boolean
  /** Monotonic milliseconds when the next decision is due. */
  readonly due: number
}

/**
 * Whether a policy decides in this View, when it acts every `period` milliseconds whatever the loop's interval is; `due` is
 * from the decision before, undefined at first. A loop that is slower than the period acts at each View.
 */
export function turnOf({ time, interval = 0 }: View, period: number, due = time): Turn {
  // A tick that begins a little early still counts.
  if (time < due - interval / 10) return { isNow: false, due }
  const missed = Math.max(0, Math.floor((time - due) / period))
  return { isNow: true, due: due + (missed + 1) * period }
}

function swapDebt({ memory: { need, swappedOut = 0 } }: DomainView): number {
  return need?.swapDebt ?? swappedOut
}
