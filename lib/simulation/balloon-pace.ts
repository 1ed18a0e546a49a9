import { MiB } from '../util/units.ts'

/** Speeds in bytes per second, measured on real guests (docs/simulation.md). */
const deflateSpeed = 930 * MiB
const inflateFreshSpeed = 512 * MiB
const inflateUsedSpeed = 320 * MiB
/** What is left of a balloon's speed when the guest computes all the time. */
const busyGuestSpeed = 0.45

/** How a guest runs during one step. */
export interface Pace {
  /** Part of the usual speed at which its balloon moves; 0: it does not. */
  readonly balloonSpeed: number
  /** Part of the time that its first vCPU asks for a pCPU, and part of that for which it gets one. */
  readonly busy: number
  readonly served: number
  /** The host has too little memory for its guests: all wait. */
  readonly hostSwaps: boolean
}

/** In how many seconds a balloon at its usual speed comes as far as this one in `seconds`. */
export function balloonPace(seconds: number, { balloonSpeed, busy, served }: Pace): number {
  return seconds * balloonSpeed * (1 - (1 - busyGuestSpeed) * busy) * served
}

/** Bytes that a balloon gives back. */
export function deflateReach(seconds: number): number {
  return deflateSpeed * seconds
}

/** Bytes that a balloon takes: those faster that the guest has never used, of which there are `fresh`. */
export function inflateReach(seconds: number, fresh: number): number {
  return fresh > inflateFreshSpeed * seconds ? inflateFreshSpeed * seconds : inflateUsedSpeed * seconds
}
