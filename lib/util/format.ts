import { GiB, MiB } from './units.ts'

/** A fraction in percent: `41.6 %`, with no digits `42 %`. */
export function formatPercent(fraction: number, digits = 1): string {
  // A rounding error below zero is none.
  return `${(100 * fraction).toFixed(digits).replace(/^-(?=[0.]+$)/, '')} %`
}

/** Bytes, in MiB below ten GiB and in GiB from there: `0.5 MiB`, `257 MiB`, `31.3 GiB`. */
export function formatBytes(bytes: number): string {
  return `${inUnit(bytes, bytes)} ${unitOf(bytes).name}`
}

/** Bytes as `formatBytes` shows them, as a number: what looks the same is the same. */
export function roundedBytes(bytes: number): number {
  return inUnit(bytes, bytes) * unitOf(bytes).bytes
}

/** A part and its whole in the unit of the whole: `512/2048 MiB`. */
export function formatBytesOf(part: number, whole: number): string {
  return `${inUnit(part, whole)}/${inUnit(whole, whole)} ${unitOf(whole).name}`
}

/** `1 guest`, `8 guests`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

function unitOf(bytes: number): { readonly name: string; readonly bytes: number; readonly digits: number } {
  if (Math.abs(bytes) >= 10 * GiB) return { name: 'GiB', bytes: GiB, digits: 1 }
  return { name: 'MiB', bytes: MiB, digits: Math.abs(bytes) >= 10 * MiB ? 0 : 1 }
}

/** `bytes` as a number in the unit that fits `whole`, without zeros after the point. */
function inUnit(bytes: number, whole: number): number {
  const unit = unitOf(whole)
  return Number((bytes / unit.bytes).toFixed(unit.digits))
}
