import { MiB } from './units.ts'

/** Bytes as people say them: `512 MiB`, `0.5 MiB`. */
export function mebibytes(bytes: number): string {
  return `${Number((bytes / MiB).toFixed(1))} MiB`
}

/** `1 guest`, `8 guests`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
