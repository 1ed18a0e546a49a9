import type { CpuSample, HostMemory, MemorySample } from '../host/sample.ts'
import { KiB } from '../util/units.ts'
import type { Plain } from './plain.ts'

/**
 * Samples as entries of a recording: columns as arrays of numbers, in the units and under the names of the API, with
 * `null` for NaN. A column that is as in the sample before is left out; one that there is no more is `null`.
 */

type Numbers = Uint8Array | Uint32Array | Int32Array | Float64Array

/** How a column is kept: `share` is a fraction of a pCPU or of the interval, `bytes` a number to the byte. */
type ColumnKind = 'share' | 'bytes' | 'u8' | 'u32' | 'i32'

type ColumnOf<Sample> = {
  [K in keyof Sample]-?: NonNullable<Sample[K]> extends Numbers ? K : never
}[keyof Sample]
type Columns<Sample> = Readonly<Record<ColumnOf<Sample>, ColumnKind>>

const cpuColumns: Columns<CpuSample> = {
  state: 'u8',
  source: 'u8',
  vcpuStart: 'u32',
  vcpu: 'u32',
  usage: 'share',
  delay: 'share',
  throttled: 'share',
  pcpu: 'i32',
  affinity: 'u32',
  pcpuBusy: 'share',
  cpuset: 'u32',
}

const memoryColumns: Columns<MemorySample> = {
  status: 'u8',
  state: 'u8',
  maximum: 'bytes',
  actual: 'bytes',
  available: 'bytes',
  unused: 'bytes',
  usable: 'bytes',
  diskCaches: 'bytes',
  swapIn: 'bytes',
  swapOut: 'bytes',
  majorFaults: 'bytes',
  rss: 'bytes',
  hugePages: 'bytes',
  rssFile: 'bytes',
  lastUpdate: 'bytes',
}

/** Shares are kept to a ten-thousandth: 0.2 ms of an interval of 2 s, far below what they scatter by. */
const shareSteps = 10_000
/** Times are kept to a microsecond. */
const timeSteps = 1_000

export function roundTime(milliseconds: number): number {
  return Math.round(milliseconds * timeSteps) / timeSteps
}

/** Levels of memory that change all the time are kept to 64 KiB. */
const levelStep = 64 * KiB

const roundLevel = (bytes: number) => Math.round(bytes / levelStep) * levelStep

// Plus zero: JSON has no -0.
const roundShare = (share: number) => Math.round(share * shareSteps) / shareSteps + 0

/** A CPU sample as a recording can hold it: what is controlled by it and what is recorded are the same, to the bit. */
export function roundedCpuSample(sample: CpuSample): CpuSample {
  return {
    ...sample,
    time: roundTime(sample.time),
    interval: roundTime(sample.interval),
    ...(sample.listAge !== undefined && { listAge: roundTime(sample.listAge) }),
    usage: sample.usage.map(roundShare),
    delay: sample.delay.map(roundShare),
    throttled: sample.throttled?.map(roundShare),
    pcpuBusy: sample.pcpuBusy.map(roundShare),
  }
}

/** A memory sample as a recording can hold it. */
export function roundedMemorySample(sample: MemorySample): MemorySample {
  const { pressure } = sample.host
  return {
    ...sample,
    time: roundTime(sample.time),
    unused: sample.unused.map(roundLevel),
    usable: sample.usable.map(roundLevel),
    diskCaches: sample.diskCaches.map(roundLevel),
    rss: sample.rss.map(roundLevel),
    rssFile: sample.rssFile.map(roundLevel),
    host: { ...sample.host, pressure: roundShare(pressure) },
  }
}

/** The columns of a sample, without those that are as before. */
type PlainColumns = Record<string, Plain>

/** Writes the columns of one sample after the other. */
export class ColumnWriter {
  readonly #kinds: Readonly<Record<string, ColumnKind>>
  #before: Readonly<Record<string, Numbers | undefined>> = {}

  constructor(of: 'cpu' | 'memory') {
    this.#kinds = of === 'cpu' ? cpuColumns : memoryColumns
  }

  /** Has the next sample written whole. */
  reset(): void {
    this.#before = {}
  }

  write(sample: CpuSample | MemorySample): PlainColumns {
    const now = sample as unknown as Readonly<Record<string, Numbers | undefined>>
    const written: PlainColumns = {}
    for (const name of Object.keys(this.#kinds)) {
      const column = now[name]
      const before = this.#before[name]
      if (column && !isSame(column, before)) {
        written[name] = Array.from(column, (value) => (Number.isNaN(value) ? null : value))
      } else if (!column && before) written[name] = null
    }
    this.#before = now
    return written
  }
}

function isSame(a: Numbers, b: Numbers | undefined): boolean {
  if (a === b) return true
  if (a.length !== b?.length) return false
  for (let i = 0; i < a.length; i++) if (!Object.is(a[i], b[i])) return false
  return true
}

/** Reads what a {@link ColumnWriter} wrote. */
export class ColumnReader {
  readonly #kinds: Readonly<Record<string, ColumnKind>>
  #columns: Record<string, Numbers> = {}

  constructor(of: 'cpu' | 'memory') {
    this.#kinds = of === 'cpu' ? cpuColumns : memoryColumns
  }

  /** All columns of a sample, by name. */
  read(written: Readonly<Record<string, Plain | undefined>>): Readonly<Record<string, Numbers>> {
    const columns = { ...this.#columns }
    for (const [name, kind] of Object.entries(this.#kinds)) {
      const values = written[name]
      if (values === null) delete columns[name]
      else if (Array.isArray(values))
        columns[name] = arrayOf[kind](values.map((value) => value ?? Number.NaN))
    }
    this.#columns = columns
    return columns
  }
}

const arrayOf: Record<ColumnKind, (values: number[]) => Numbers> = {
  share: (values) => Float64Array.from(values),
  bytes: (values) => Float64Array.from(values),
  u8: (values) => Uint8Array.from(values),
  u32: (values) => Uint32Array.from(values),
  i32: (values) => Int32Array.from(values),
}

/** The host's memory, with `null` for what is not known. */
export function hostMemoryToPlain(memory: HostMemory): Plain {
  const known = ([name, value]: [string, unknown]): [string, Plain][] =>
    typeof value === 'number'
      ? [[name, Number.isNaN(value) ? null : value]]
      : Array.isArray(value)
        ? [[name, value.map((pool) => hostMemoryToPlain(pool))]]
        : []
  return Object.fromEntries(Object.entries(memory).flatMap(known))
}

export function hostMemoryFromPlain(plain: Plain): HostMemory {
  return Object.fromEntries(
    Object.entries(plain as Record<string, Plain>).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.map((pool) => hostMemoryFromPlain(pool)) : (value ?? Number.NaN),
    ]),
  ) as unknown as HostMemory
}
