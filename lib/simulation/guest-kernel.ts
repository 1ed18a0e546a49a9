import { MiB } from '../util/units.ts'

/** The guest's kernel keeps so much for itself: below it, its OOM killer acts. */
export const watermark = 16 * MiB
/** What it does not tell as usable of what is free or in the page cache, unless the scenario knows better. */
export const usualReserve = watermark
/** The guest's kernel and its own processes; the rest of what it keeps is not in its total. */
export const kernelResident = 24 * MiB
const kernelReserved = 16 * MiB
/** Page descriptors, for all memory that the guest may ever have: 64 bytes a page of 4 KiB. */
const descriptorPart = 1 / 64

/** The size of a program that leaves `unused` bytes free in a guest with this balloon and maximum, with no page cache left. */
export function programThatFits(actual: number, maximum: number, unused: number): number {
  return actual - unused - kernelResident - outsideTotal(maximum)
}

/**
 * The size of a program with which a guest of this maximum and reserve uses `bytes` of its balloon: all but what it reports as
 * usable.
 */
export function programThatUses(bytes: number, maximum: number, reserve: number = usualReserve): number {
  return Math.max(0, programThatFits(bytes, maximum, reserve))
}

/** What the guest's kernel keeps before it counts its total. */
export function outsideTotal(maximum: number): number {
  return kernelReserved + maximum * descriptorPart
}
