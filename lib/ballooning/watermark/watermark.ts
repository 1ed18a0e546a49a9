import { wrongOption } from '../../host/errors.ts'
import { type SetMemoryAction, type StatefulPolicy, setMemory } from '../../policy/plan.ts'
import { MiB } from '../../util/units.ts'
import type { DomainView } from '../../view/view.ts'
import { freeMemory } from '../free-memory.ts'
import { type GuestHistory, remember, remembered } from './history.ts'
import { share } from './level.ts'

export interface WatermarkOptions {
  /** Bytes: a guest with less unused than this gets more. At least what the guard keeps, 100 MiB. Default 128 MiB. */
  readonly low?: number | undefined
  /** Bytes: a guest with more unused than this, for some time, gives some back. Default 192 MiB. */
  readonly high?: number | undefined
  /** Bytes that one guest gives back in one tick, the last time up to the distance of the marks more. Default 128 MiB. */
  readonly step?: number | undefined
  /** Bytes: the smallest balloon that is asked for. Default 200 MiB. */
  readonly floor?: number | undefined
}

/** What is not given. */
export const watermarkDefaults = {
  low: 128 * MiB,
  high: 192 * MiB,
  step: 128 * MiB,
  floor: 200 * MiB,
} as const satisfies Required<WatermarkOptions>

/** What {@link watermark} remembers: of each guest by UUID. */
export type WatermarkState = ReadonlyMap<string, GuestHistory>

/** Milliseconds that a balloon takes to follow, when it grows. */
const settling = 1_000
/** Bytes: smaller grants are left until there is more to grant. */
const leastGrant = 8 * MiB
/** When the host is short: reports after which a guest counts as quiet, and steps that it gives back at once. */
const short = { reports: 2, steps: 4 }

/** One guest as it is judged in one tick, in bytes. */
interface Guest {
  readonly domain: DomainView
  readonly history: GuestHistory
  /** The size that it will have when its balloon has followed what it was last asked for. */
  readonly asked: number
  /** Its unused memory then, by the last report. */
  readonly unused: number
  /** By how much the marks are raised: what it may take before a decision of the next tick has an effect. */
  readonly reach: number
  readonly maximum: number
}

/**
 * Keeps each guest's unused memory between two marks, within what the host can give.
 *
 * A guest below the low mark is brought to the middle between the marks at once. One above the high mark
 * gives back, down to the middle, in steps, and only after some reports in a row have called for no more: so
 * memory that a program frees and takes again stays where it is. Between the marks nothing is done, so a
 * constant need leads to one round of changes and then to none.
 *
 * What is seen is old: a report has an age, the next decision comes an interval later, and a balloon takes time.
 * So both marks are raised for a guest whose use is rising, by as much as it takes in all that time at its
 * present speed. Use is judged by the guest's own totals of one report, never by figures of different times.
 *
 * Growth is planned from what the host has free now. Where that is not enough, those with the least unused are
 * served first, up to a common level, and guests above their high mark give back sooner and faster. Guests on
 * hold are skipped. Page cache counts as used: that is what `unused` (MemFree) says.
 */
export function watermark(options: WatermarkOptions = {}): StatefulPolicy<SetMemoryAction, WatermarkState> {
  const defaults = watermarkDefaults
  const { low = defaults.low, high = defaults.high, step = defaults.step, floor = defaults.floor } = options
  for (const [name, value] of Object.entries({ low, step, floor })) {
    if (!isBytes(value)) throw wrongOption(name, 'a number of bytes above 0', value)
  }
  if (!isBytes(high) || high < low + 2 * leastGrant) {
    throw wrongOption('high', `a number of bytes, at least ${(2 * leastGrant) / MiB} MiB above \`low\``, high)
  }
  const middle = (low + high) / 2

  const need = ({ history, reach, maximum }: Guest, reports: number): number => {
    const used = Math.max(...history.reports.slice(-reports).map((report) => report.used))
    return Math.min(maximum, Math.max(floor, used + history.reserved + middle + reach))
  }

  const growths = (guests: readonly Guest[], pool: number) => {
    const wanting = guests.filter(({ unused, reach, asked, maximum }) => {
      return unused < low + reach && asked < maximum
    })
    const claims = wanting.map((guest) => ({
      wanted: Math.max(guest.asked, need(guest, 1)),
      used: guest.asked - guest.unused,
      counted: countedWith(guest.domain),
    }))
    const sizes = share(claims, Math.max(0, pool))
    const plan = wanting.flatMap((guest, i) => {
      const enough = sizes[i]! >= claims[i]!.wanted || sizes[i]! - guest.asked >= leastGrant
      if (!enough || sizes[i]! <= guest.asked) return []
      return [
        setMemory(guest.domain, sizes[i]!, {
          kind: 'watermark-low',
          ...figuresOf(guest),
          mark: low + guest.reach,
        }),
      ]
    })
    return { plan, isShort: sizes.some((size, i) => size < claims[i]!.wanted) }
  }

  const shrinks = (guests: readonly Guest[], isShort: boolean) =>
    guests.flatMap((guest) => {
      const reports = isShort ? short.reports : remembered
      const target = need(guest, reports)
      const isQuiet = guest.history.reports.length >= reports
      // One step at a time: what the balloon has not followed yet, it may not be able to.
      const hasFollowed = Math.abs(guest.history.actual - guest.asked) < MiB
      const surplus = guest.asked - target
      if (!isQuiet || !hasFollowed || surplus <= high - middle) return []
      const most = isShort ? short.steps * step : step
      // The last step is a little larger: what it left would be near the edge, where noise decides.
      const bytes = surplus - most <= high - low ? target : guest.asked - most
      return [
        setMemory(guest.domain, bytes, {
          kind: 'watermark-high',
          ...figuresOf(guest),
          mark: high + guest.reach,
        }),
      ]
    })

  return {
    initialState: new Map(),
    decide(view, state) {
      const next = new Map<string, GuestHistory>()
      const guests = view.domains.flatMap((domain) => {
        const before = state.get(domain.uuid)
        const history = remember(domain, view.time, (middle - low) / 2, before)
        const kept = history ?? before
        if (kept) next.set(domain.uuid, kept)
        return history && domain.settings.managed ? [judge(domain, history, view.interval ?? 0)] : []
      })
      const growing = growths(guests, freeMemory(view))
      return { plan: [...shrinks(guests, growing.isShort), ...growing.plan], state: next }
    },
  }
}

function judge(domain: DomainView, history: GuestHistory, interval: number): Guest {
  const { target, age = 0, maximum = history.actual } = domain.memory
  const asked = target ?? history.actual
  const unused = asked - history.reserved - history.reports.at(-1)!.used
  return { domain, history, asked, unused, reach: history.growth * (age + interval + settling), maximum }
}

function countedWith({ memory: { actual = 0, target = 0 } }: DomainView): number {
  return Math.max(actual, target)
}

function figuresOf({ unused, asked, history: { growth } }: Guest) {
  return { unused, size: asked, growth: 1000 * growth }
}

function isBytes(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value > 0
}
