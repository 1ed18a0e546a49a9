import { wrongOption } from '../host/errors.ts'
import type { SetMemoryAction, StatefulPolicy } from '../policy/plan.ts'
import { formatBytes } from '../util/format.ts'
import { MiB } from '../util/units.ts'
import type { View } from '../view/view.ts'
import { freeMemory } from './free-memory.ts'
import { type Allocation, allocateTwice, type Claim } from './shares/allocation.ts'
import { claimOfUnknown, type Guest, judge, type Terms } from './shares/guest.ts'
import { grow, type Outlook, shrink } from './shares/plan.ts'
import { type GuestRecord, remember } from './shares/record.ts'
import { noteRest } from './shares/rest.ts'

export interface SharesOptions {
  /** Bytes that each guest has to spare at least, page cache that it can drop included. Four fifths of it are at least what the guard keeps. Default 128 MiB. */
  readonly margin?: number | undefined
  /** Bytes that each has beyond that while no other guest needs them, for a burst without warning. Default 256 MiB. */
  readonly burst?: number | undefined
  /** Bytes: the smallest balloon that is asked for; settings of single guests may ask for more. Default 200 MiB. */
  readonly floor?: number | undefined
  /** Bytes that one guest gives back in one tick while no other needs them, or a sixteenth of its size if that is more. Default 128 MiB. */
  readonly step?: number | undefined
  /** The tax on idle memory, 0 to below 1. Default 0.75. */
  readonly tax?: number | undefined
}

/** What is not given. */
export const sharesDefaults = {
  margin: 128 * MiB,
  burst: 256 * MiB,
  floor: 200 * MiB,
  step: 128 * MiB,
  tax: 0.75,
} as const satisfies Required<SharesOptions>

/** What {@link shares} remembers of each guest: in the order of the domains in the last View. */
export interface SharesState {
  readonly uuids: readonly string[]
  readonly records: readonly (GuestRecord | undefined)[]
}

/** Part of the budget that is kept free beside the comfort of all while a guest grows or is under pressure: it is there at once. */
const sparePart = 1 / 32

/**
 * Gives every guest what it needs and a margin before it runs short, and takes it from the guests that use theirs least.
 *
 * At each tick the memory of the host is shared out once: floors first, then needs, then comfort, then what each came
 * with, then a reserve for bursts, and what is left stays where it is. A guest that lacks something is given
 * it at once, of what is free now. What the host has not got is asked of those who have more than they are to have, at once and no more
 * than is lacking; it is granted when it has come. What no guest needs is given back in steps, once some
 * reports in a row agree; page cache stays until another guest needs it.
 *
 * A guest under memory pressure comes before the comfort of the others, and its spare memory is doubled while that lasts. A shrink
 * that hurt is undone, and not repeated for minutes. A balloon that refuses is set back to the size that it has,
 * counted with that, and asked again with backoff.
 *
 * Idle memory tax: Waldspurger, "Memory Resource Management in VMware ESX Server" (2002).
 */
export function shares(options: SharesOptions = {}): StatefulPolicy<SetMemoryAction, SharesState> {
  const terms = readTerms(options)
  return {
    initialState: { uuids: [], records: [] },
    decide(view, state) {
      const recordOf = recordsIn(state)
      const uuids: string[] = []
      const records: (GuestRecord | undefined)[] = []
      const guests: Guest[] = []
      /** By guest: where its record is. */
      const rows: number[] = []
      const unknown: Claim[] = []
      for (let row = 0; row < view.domains.length; row++) {
        const domain = view.domains[row]!
        const before = recordOf(domain.uuid, row)
        const record = remember(domain, view.time, before)
        uuids.push(domain.uuid)
        records.push(record ?? before)
        if (!domain.settings.managed) continue
        if (!record) {
          const claim = claimOfUnknown(domain, terms)
          if (claim) unknown.push(claim)
          continue
        }
        guests.push(judge(domain, record, terms, view.time))
        rows.push(row)
      }
      const { outlook, allocation } = lookAt(view, guests, unknown, terms)
      const growth = grow(outlook)
      const shrinks = shrink(outlook, growth, terms)
      for (let i = 0; i < guests.length; i++) {
        records[rows[i]!] = noteRest(guests[i]!, allocation.sizes[i]!, view.time)
      }
      if (shrinks.length > 0) {
        const shrunk = new Map(shrinks.map(({ uuid, bytes }) => [uuid, bytes]))
        for (let i = 0; i < guests.length; i++) {
          const { domain, asked } = guests[i]!
          const to = shrunk.get(domain.uuid)
          if (to === undefined || to >= asked) continue
          records[rows[i]!] = { ...records[rows[i]!]!, shrunk: { time: view.time, from: asked, to } }
        }
      }
      const errors = misfits(allocation, guests)
      return { plan: [...shrinks, ...growth.plan], state: { uuids, records }, errors }
    },
  }
}

/** Finds the record of a domain, which is likely to be where it is in the View: an index is made when one is not. */
function recordsIn({ uuids, records }: SharesState) {
  let rows: ReadonlyMap<string, number> | undefined
  return (uuid: string, row: number): GuestRecord | undefined => {
    if (uuids[row] === uuid) return records[row]
    rows ??= new Map(uuids.map((one, index) => [one, index]))
    const found = rows.get(uuid)
    return found === undefined ? undefined : records[found]
  }
}

/** What all are to have, and what of it they can have now; those of whom nothing is known keep what they have. */
function lookAt(
  view: View,
  guests: readonly Guest[],
  unknown: readonly Claim[],
  { tax }: Terms,
): { outlook: Outlook; allocation: Allocation } {
  const free = freeMemory(view)
  const isPressed = guests.some((guest) => guest.isPressed)
  const spare = isPressed ? Math.max(0, view.memory.budget * sparePart) : 0
  const ofUnknown = unknown.reduce((sum, { held }) => sum + held, 0)
  const bytes = guests.reduce((sum, { size }) => sum + size, free + ofUnknown)
  const claims = [...guests.map(({ claim }) => claim), ...unknown]
  // Once with what cannot be taken, and once with what each guest has now: nothing is free before it has been seen to be.
  const held = Float64Array.from(claims, (claim, i) => guests[i]?.size ?? claim.held)
  const { allocation, now } = allocateTwice(claims, { bytes, spare, tax }, held)
  const { sizes } = allocation
  return {
    outlook: { guests, sizes, now, free, spare, host: view.memory, time: view.time },
    allocation,
  }
}

/** Floors that the host has not got the memory for. */
function misfits({ sizes }: Allocation, guests: readonly Guest[]): Error[] {
  let missing = 0
  let short = 0
  for (let i = 0; i < guests.length; i++) {
    const bytes = Math.floor(guests[i]!.claim.floor) - sizes[i]!
    if (!(bytes > 0)) continue
    missing += bytes
    short++
  }
  if (short === 0) return []
  return [new Error(`${formatBytes(missing)} are missing for the memory floors of ${short} guests`)]
}

function readTerms(options: SharesOptions): Terms {
  const defaults = sharesDefaults
  const { margin = defaults.margin, burst = defaults.burst, floor = defaults.floor } = options
  const { step = defaults.step, tax = defaults.tax } = options
  for (const [name, value] of Object.entries({ margin, floor, step })) {
    if (!(isNumber(value) && value > 0)) throw wrongOption(name, 'a number of bytes above 0', value)
  }
  if (!(isNumber(burst) && burst >= 0)) throw wrongOption('burst', 'a number of bytes, 0 or more', burst)
  if (!(isNumber(tax) && tax >= 0 && tax < 1)) throw wrongOption('tax', 'a fraction from 0 to below 1', tax)
  return { margin, burst, floor, step, tax }
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value)
}
