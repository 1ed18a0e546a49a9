import { wrongOption } from '../host/errors.ts'
import { lift } from '../policy/lift.ts'
import type { Action, Policy, StatefulPolicy } from '../policy/plan.ts'

/** Hours of each day, by a clock on the wall: from `from` up to, not including, `to`. */
export interface TimeWindow {
  /** `HH:MM`, 00:00 to 23:59. */
  readonly from: string
  /** `HH:MM`, other than `from`. Earlier than `from`: on the day after. */
  readonly to: string
  /** IANA name of the zone whose clock counts, such as `Europe/Berlin`. Default: the zone that this process is in. */
  readonly timeZone?: string | undefined
}

const minutesOfDay = 24 * 60

/**
 * The policy decides in these hours; outside of them it abstains, is not called, and keeps its state. What it did
 * stays as it is: `fallback(during(hours, policy), other)` hands over to another one.
 *
 * @example `during({ from: '22:00', to: '06:00' }, schedulers.pack())`
 */
export function during<A extends Action>(window: TimeWindow, policy: Policy<A>): StatefulPolicy<A, unknown> {
  if (typeof window !== 'object' || window === null) throw wrongOption('window', 'an object', window)
  const from = readTime('from', window.from)
  const to = readTime('to', window.to)
  if (from === to) throw wrongOption('to', `a time other than from (${window.from})`, window.to)
  const clock = wallClock(window.timeZone)
  const inner = lift('policy', policy)
  const length = (to - from + minutesOfDay) % minutesOfDay
  return {
    initialState: inner.initialState,
    decide(view, state) {
      const since = (clock(view.wallTime) - from + minutesOfDay) % minutesOfDay
      return since < length ? inner.decide(view, state) : { plan: [], state, abstains: true }
    },
  }
}

/** Minutes since midnight. */
function readTime(option: string, text: string): number {
  const match = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(text)
  if (!match) throw wrongOption(option, 'a time of day as HH:MM', text)
  return 60 * Number(match[1]) + Number(match[2])
}

/** Minutes since midnight on the clocks of a zone, of milliseconds since the epoch. */
function wallClock(timeZone: string | undefined): (wallTime: number) => number {
  const format = formatOf(timeZone)
  return (wallTime) => {
    const parts = new Map(format.formatToParts(wallTime).map(({ type, value }) => [type, Number(value)]))
    return 60 * parts.get('hour')! + parts.get('minute')!
  }
}

function formatOf(timeZone: string | undefined): Intl.DateTimeFormat {
  try {
    return new Intl.DateTimeFormat('en-GB', {
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
      timeZone,
    })
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw wrongOption('timeZone', 'an IANA time zone such as Europe/Berlin', timeZone)
  }
}
