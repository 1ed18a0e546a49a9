import { GiB, MiB } from '../host/units.ts'

/** What stands for a value that is not known. */
export const unknown = '-'

/** A fraction in whole percent: `75 %`. */
export function percent(fraction: number | undefined): string {
  return fraction === undefined ? unknown : `${Math.round(100 * fraction)} %`
}

/** Bytes in MiB below ten GiB and in GiB above: `257 MiB`, `31.3 GiB`. */
export function size(bytes: number | undefined): string {
  if (bytes === undefined) return unknown
  return Math.abs(bytes) < 10 * GiB ? `${Math.round(bytes / MiB)} MiB` : `${(bytes / GiB).toFixed(1)} GiB`
}

/** `1 guest`, `8 guests`. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}
