import { type SetMemoryAction, setMemory } from '../../policy/plan.ts'
import { MiB } from '../../util/units.ts'
import type { HostMemoryState, HostMemoryView } from '../../view/view.ts'
import { taxedShares } from './allocation.ts'
import { fill } from './fill.ts'
import { agreeing, figuresOf, type Guest, type Terms } from './guest.ts'
import { countOf, remembered } from './record.ts'
import { band, edgeOf, isRoomy } from './rest.ts'

/** Bytes by which comfort may be missed before a guest is given more, and below which a change is not worth a call. */
const slack = 16 * MiB
const leastChange = 8 * MiB
/** Least bytes that a guest gives when others wait for them: many small requests move little. */
const leastGift = 32 * MiB
/** Steps, at least, in which a guest gives back its memory. */
const steps = 16
/** Part of its memory that a host in need is to have available again. */
const relieved = 0.06

/** What was worked out for one tick: `sizes` and `now` by guest, in bytes. */
export interface Outlook {
  readonly guests: readonly Guest[]
  /** What each is to have. */
  readonly sizes: Float64Array
  /** What each could be granted of it with the memory that is free now. */
  readonly now: Float64Array
  /** Bytes that are free; negative when the host has given more than it has. */
  readonly free: number
  /** Bytes of these that are kept free for those in need. */
  readonly spare: number
  readonly host: HostMemoryView
  readonly time: number
}

/** Balloons that are asked to grow, and what of that the host has not got. */
export interface Growth {
  readonly plan: readonly SetMemoryAction[]
  /** Bytes that others must give for it. */
  readonly lack: number
}

/**
 * Grants what is needed, as far as it is there. When one that grows is given more, all that grow are: of guests that grow
 * alike none is to be a step ahead.
 */
export function grow({ guests, sizes, now, free, spare, host, time }: Outlook): Growth {
  const plan: SetMemoryAction[] = []
  let granted = 0
  let lack = 0
  let isShort = false
  const isWanting = guests.map(({ asked, ceiling, claim, wanted, underPressure }, i) => {
    const isUrgent = underPressure || asked < claim.floor || wanted === ceiling
    return asked < Math.min(sizes[i]!, wanted) - (isUrgent ? MiB : slack)
  })
  const isDue = guests.map(({ record }, i) => isWanting[i]! || isRoomy(record, time))
  const doesOneGrow = guests.some((guest, i) => isDue[i] && isGrowing(guest))
  for (let i = 0; i < guests.length; i++) {
    const guest = guests[i]!
    const { asked, size, wanted } = guest
    const goal = sizes[i]!
    const goesAlong = doesOneGrow && isGrowing(guest) && goal - asked > band
    if (!isDue[i] && !goesAlong) continue
    const to = Math.max(Math.min(goal, now[i]!), Math.min(goal, size))
    if (isWanting[i]) lack += Math.max(0, Math.min(goal, wanted) - Math.max(to, size))
    if (to - asked < (to < goal - MiB ? leastChange : MiB)) continue
    granted += Math.max(0, to - size)
    isShort ||= isWanting[i]!
    plan.push(setMemory(guest.domain, to, { kind: 'shares-grant', ...figuresOf(guest), goal }))
  }
  const missing = Math.max((isShort || lack > 0 ? spare : 0) - (free - granted), owed(host), 0)
  return { plan, lack: lack + missing }
}

function isGrowing({ domain }: Guest): boolean {
  return (domain.memory.need?.growthPerSecond ?? 0) > 0
}

/** What the host itself lacks. */
function owed({ state, total, available = total }: HostMemoryView): number {
  return state === 'hard' || state === 'low' ? Math.max(0, relieved * total - available) : 0
}

/** Takes what guests have beyond what they are to have: at once what others lack, the rest in steps, when they are quiet. */
export function shrink(outlook: Outlook, growth: Growth, terms: Terms): SetMemoryAction[] {
  const { guests, sizes, host } = outlook
  const { lack } = growth
  const growing = new Set(growth.plan.map(({ uuid }) => uuid))
  const wanted = hurried(outlook, lack - onTheWay(guests), terms.tax)
  return guests.flatMap((guest, i) => {
    const { domain, asked, record, isRefusing } = guest
    if (growing.has(domain.uuid)) return []
    if (isRefusing) return letGo(guest)
    const goal = sizes[i]!
    if (asked - wanted[i]! >= leastChange && countOf(record) >= agreeing) {
      const bytes = Math.max(sizes[i]!, Math.min(wanted[i]!, asked - leastGift))
      return [setMemory(domain, bytes, { kind: 'shares-reclaim', ...figuresOf(guest), lack })]
    }
    const isQuiet = countOf(record) >= quietReports(host.state)
    const hasFollowed = Math.abs((domain.memory.actual ?? 0) - asked) < MiB
    // One that refused before is asked again when others lack something.
    if (record.refusals > 0 || !isQuiet || !hasFollowed || asked - goal <= edgeOf(record)) return []
    const step = Math.max(terms.step, asked / steps)
    // The last step is a little larger: what it left would be near the edge, where noise decides.
    const bytes = asked - goal - step <= band ? goal : asked - step
    return [setMemory(domain, bytes, { kind: 'shares-surplus', ...figuresOf(guest), goal })]
  })
}

function quietReports(state: HostMemoryState): number {
  return state === 'high' ? remembered : agreeing
}

/** Bytes that are being given already. */
function onTheWay(guests: readonly Guest[]): number {
  return guests.reduce((sum, { asked, size, isRefusing }) => sum + (isRefusing ? 0 : size - asked), 0)
}

/** By guest: the size to go down to so that `lack` bytes come together, idle memory first. */
function hurried({ guests, sizes }: Outlook, lack: number, tax: number): Float64Array {
  const to = Float64Array.from(guests, ({ asked }) => asked)
  if (lack <= 0) return to
  const from = Float64Array.from(guests, ({ asked, isRefusing }, i) => {
    return isRefusing ? asked : Math.min(asked, sizes[i]!)
  })
  const weight = Float64Array.from(guests, ({ claim }) => taxedShares(claim, tax))
  const have = to.reduce((sum, asked) => sum + asked, 0)
  return fill({ from, to, base: new Float64Array(to.length), weight }, have - lack)
}

/** A balloon that refused is no longer asked: it would take what the guest frees, at any time. */
function letGo({ domain, asked }: Guest): SetMemoryAction[] {
  const { actual = 0, progress } = domain.memory
  if (progress !== 'refusing' || asked >= actual - MiB) return []
  return [setMemory(domain, actual, { kind: 'shares-refused', actual, asked })]
}
