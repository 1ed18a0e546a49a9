import { MiB } from '../../util/units.ts'
import type { Guest } from './guest.ts'
import { countOf, type GuestRecord, remembered } from './record.ts'

/** Bytes beyond what a guest is to have, or below it, that are left as they are. */
export const band = 64 * MiB
/** The same for a guest that has settled: what noise brings over an edge once, it brings over it again and again. */
const restingBand = 96 * MiB
/** Bytes below its goal for which a guest is not given what no other needs, and the same once it has settled. */
const worthwhile = 32 * MiB
const worthwhileAtRest = 64 * MiB
/** Milliseconds for which the host must have had a reserve for bursts to spare before it is handed out. */
const roomyFor = 10_000

/** Bytes that a guest's size may differ from its goal. */
export function edgeOf({ isResting }: GuestRecord): number {
  return isResting ? restingBand : band
}

/** Whether there has been more for a guest than it has for a while. */
export function isRoomy({ roomySince }: GuestRecord, time: number): boolean {
  return roomySince !== undefined && time - roomySince >= roomyFor
}

/** What is remembered of a guest that is to have `goal`. */
export function noteRest({ record, asked }: Guest, goal: number, time: number): GuestRecord {
  const edge = edgeOf(record)
  const isResting = countOf(record) >= remembered && Math.abs(asked - goal) <= edge
  const isRoomy = goal - asked > (record.isResting ? worthwhileAtRest : worthwhile)
  const roomySince = isRoomy ? (record.roomySince ?? time) : undefined
  if (isResting === record.isResting && roomySince === record.roomySince) return record
  return { ...record, isResting, roomySince }
}
