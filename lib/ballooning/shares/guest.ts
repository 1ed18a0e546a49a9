import { MiB } from '../../util/units.ts'
import type { DomainView, MemoryHold } from '../../view/view.ts'
import type { Claim } from './allocation.ts'
import { figure, type GuestRecord, lastOf, peak, raisedSize, remembered, soon } from './record.ts'

/** The options of the policy, with every default filled in. Bytes. */
export interface Terms {
  readonly margin: number
  readonly burst: number
  readonly floor: number
  readonly step: number
  readonly tax: number
}

/** Reports that have to agree on a need before memory is taken for others. */
export const agreeing = 2
/** The part of the margin that is never taken. */
const untouched = 0.8
/** The part of it for which others give up what they came with, to a guest that neither grows nor is under pressure. */
const fromOthers = 0.5
/** A guest is dry when no more than this part of its margin is left. */
const dry = 0.25
/** Guests that may be large have this part of what they may have beyond `smallGuest` bytes as a reserve for bursts. */
const burstPart = 0.5
const smallGuest = 1_536 * MiB
/** Bytes below its ceiling at which a guest that grows is given all of it: it would ask for that next. */
const lastBit = 64 * MiB
/** Bytes of page cache that are no less needed than programs. */
const leastCache = 32 * MiB
/** Growth by no more bytes than that is no hurry, before a guest can be given more. */
const slowly = 16 * MiB
/** How often the spare memory of a guest that stays under pressure is doubled. */
const mostDoublings = 4

/** One guest as it is judged at one tick, in bytes. */
export interface Guest {
  readonly domain: DomainView
  readonly record: GuestRecord
  /** The size that it will have when its balloon has followed what it was last asked for. */
  readonly asked: number
  /** The size that it counts with. */
  readonly size: number
  /** The largest that it may have. */
  readonly ceiling: number
  /** In use, and still swapped out, as of its last report. */
  readonly used: number
  /** Whether its balloon is not changed for a while, since it did not do as asked. */
  readonly isRefusing: boolean
  readonly underPressure: boolean
  /** Whether it grows or is under pressure. */
  readonly isPressed: boolean
  /** Bytes that it is given while the host has them: its whole margin, and what it is expected to take. */
  readonly wanted: number
  readonly claim: Claim
}

/** What a guest may claim at `time`. */
export function judge(
  domain: DomainView,
  record: GuestRecord,
  { margin, burst, floor }: Terms,
  time: number,
): Guest {
  const { actual = 0, target, maximum = actual } = domain.memory
  const { memoryFloor = 0, memoryCeiling = maximum, memoryShares: shares } = domain.settings
  const asked = target ?? actual
  const size = Math.max(actual, asked)
  const ceiling = Math.min(maximum, memoryCeiling)
  const isRefusing = time < record.patientUntil

  const used = lastOf(record, figure.used)
  const recentlyUsed = peak(record, figure.used, agreeing)
  // A guest that is to keep its margin unused, not only usable, keeps the little cache that its programs run from.
  const inCache = Math.min(peak(record, figure.cache, agreeing), leastCache)
  const leastRoom = untouched * margin + inCache
  const room = Math.max(fromOthers * margin + inCache, roomWhenSuffering(domain, record, margin))
  const need = Math.min(ceiling, recentlyUsed + room)
  const expected = peak(record, figure.expected, agreeing)
  const growing = domain.memory.need ? soon(domain.memory.need) : 0
  const isPressed = growing > slowly || record.suffered > 0
  const least = Math.max(floor, memoryFloor, need)
  const withMargin = Math.max(expected + margin + inCache, sizeWhenDry(domain, size, used, margin))
  const raised = Math.min(ceiling, Math.max(least, raisedSize(record, withMargin, time)))
  const wanted = isPressed && ceiling - raised < lastBit ? ceiling : raised
  const comfort = isPressed ? wanted : Math.min(ceiling, Math.max(least, raisedSize(record, need, time)))
  const reserve = Math.max(burst, burstPart * (maximum - smallGuest), domain.memory.need?.burst ?? 0)
  const withReserve = Math.min(ceiling, recentlyUsed + margin + inCache + reserve)
  const ample = isRefusing ? wanted : Math.max(wanted, withReserve)
  const everNeeded = peak(record, figure.inUse, remembered) + record.reserve + margin
  const useful = Math.max(
    record.original,
    record.raised?.bytes ?? 0,
    everNeeded + peak(record, figure.cache, remembered),
  )
  return {
    domain,
    record,
    asked,
    size,
    ceiling,
    used,
    isRefusing,
    underPressure: record.suffered > 0,
    isPressed,
    wanted,
    claim: {
      held: isRefusing ? size : Math.min(size, Math.max(floor, recentlyUsed + leastRoom)),
      floor: Math.min(ceiling, Math.max(floor, memoryFloor)),
      need,
      comfort,
      own: Math.min(ceiling, record.original),
      ample,
      kept: Math.min(ceiling, asked, useful),
      used: recentlyUsed,
      active: Math.min(1, used / Math.max(1, asked)),
      shares,
    },
  }
}

/** Why the balloon of a guest is not changed now, and may be again soon. */
const passing: ReadonlySet<MemoryHold | undefined> = new Set<MemoryHold | undefined>([
  undefined,
  'booting',
  'contradictory statistics',
  'failed',
  'no statistics',
  'stale statistics',
  'stuck',
])

/**
 * What a guest of which nothing is known just now may claim: what it has, and its floor, which others would have to give
 * back otherwise as soon as it reports. Undefined: its balloon is not one to be changed soon.
 */
export function claimOfUnknown({ memory, settings }: DomainView, terms: Terms): Claim | undefined {
  const { hold, actual, maximum = actual } = memory
  if (!passing.has(hold) || actual === undefined || maximum === undefined) return undefined
  const { memoryFloor = 0, memoryCeiling = maximum, memoryShares: shares } = settings
  const held = Math.max(actual, memory.target ?? actual)
  const floor = Math.min(maximum, memoryCeiling, Math.max(terms.floor, memoryFloor))
  return { held, floor, need: 0, comfort: 0, own: 0, ample: 0, kept: 0, used: held, active: 1, shares }
}

/** What a guest under pressure is to have at once beside what it uses: what it is growing by, or twice as much each time. */
function roomWhenSuffering({ memory }: DomainView, { suffered }: GuestRecord, margin: number): number {
  if (suffered === 0) return 0
  const growing = memory.need ? soon(memory.need) : 0
  return growing > slowly ? growing : margin * 2 ** Math.min(mostDoublings, suffered - 1)
}

/** A guest with nothing left, whose growth is not known, is to have as much again. */
function sizeWhenDry({ memory }: DomainView, size: number, used: number, margin: number): number {
  const isDry = size - used < dry * margin && (memory.need?.growthPerSecond ?? 0) === 0
  return isDry ? used + size : 0
}

/** The figures of a guest that every reason to change it has. */
export function figuresOf({ domain, asked, used, underPressure }: Guest) {
  const growth = domain.memory.need?.growthPerSecond ?? 0
  return { spare: Math.max(0, asked - used), size: asked, growth, underPressure }
}
