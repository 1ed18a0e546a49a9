import { MiB } from '../../host/units.ts'
import type { Guest } from './guest.ts'
import { type GuestRecord, peak, remembered } from './record.ts'

/** Bytes beyond what a guest is to have, or below it, that are left as they are. */
export const band = 64 * MiB
/** The same for a guest that has come to rest: what noise brings over an edge once, it brings over it for ever. */
const restingBand = 96 * MiB
/** Milliseconds for which the host must have had a reserve for bursts to spare before it is handed out. */
const roomyFor = 10_000

/** Bytes that a guest's size may differ from its goal. */
export function edgeOf({ isResting }: GuestRecord): number {
  return isResting ? restingBand : band
}

/**
 * What a guest is left with while nobody needs it: what it is to have, and no less than it needed in any of its last
 * reports, its page cache included.
 */
export function calmGoal({ asked, ceiling, record }: Guest, size: number, margin: number): number {
  const needed = peak(record, 'total', remembered) + peak(record, 'cache', remembered) + margin
  return Math.max(size, Math.min(asked, ceiling, needed))
}

/** Whether there has been more for a guest than it has for a while. */
export function isRoomy({ roomySince }: GuestRecord, time: number): boolean {
  return roomySince !== undefined && time - roomySince >= roomyFor
}

/** What is remembered of a guest that is to have `size`. */
export function noteRest(guest: Guest, size: number, margin: number, time: number): GuestRecord {
  const { record, asked } = guest
  const edge = edgeOf(record)
  const goal = calmGoal(guest, size, margin)
  const isResting = record.reports.length >= remembered && Math.abs(asked - goal) <= edge
  return { ...record, isResting, roomySince: goal - asked > edge ? (record.roomySince ?? time) : undefined }
}
