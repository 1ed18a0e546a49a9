import { GiB, KiB, MiB } from './units.ts'

const sizes: Readonly<Record<string, number>> = {
  kib: KiB,
  k: KiB,
  kb: 1e3,
  mib: MiB,
  m: MiB,
  mb: 1e6,
  gib: GiB,
  g: GiB,
  gb: 1e9,
  tib: 1024 * GiB,
  t: 1024 * GiB,
  tb: 1e12,
}

/** The units of {@link bytesIn}, in any case. */
export const sizeUnits: readonly string[] = Object.keys(sizes)

/**
 * A size with its unit, in bytes: `512MiB`, `2GiB`, `1.5g`. As with virsh, a bare letter counts in 1,024s and `MB` in
 * 1,000s. Undefined: it is none; a bare number is none, since some tools take it for bytes, others for KiB.
 */
export function bytesIn(text: string): number | undefined {
  const bytes = Math.round(inUnits(text, sizes))
  return Number.isSafeInteger(bytes) ? bytes : undefined
}

const times: Readonly<Record<string, number>> = { ms: 1, s: 1e3, min: 6e4, h: 3.6e6 }

/** The units of {@link millisecondsIn}, in any case. */
export const durationUnits: readonly string[] = Object.keys(times)

/** A time with its unit, in milliseconds: `500ms`, `30s`, `5min`. Undefined: it is none. */
export function millisecondsIn(text: string): number | undefined {
  const milliseconds = inUnits(text, times)
  return Number.isNaN(milliseconds) ? undefined : milliseconds
}

function inUnits(text: string, units: Readonly<Record<string, number>>): number {
  const [, number, unit = ''] = /^(\d*\.?\d+)\s*([a-z]+)$/i.exec(text) ?? []
  return Number(number) * (units[unit.toLowerCase()] ?? Number.NaN)
}
