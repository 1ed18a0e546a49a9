import type { DomainTraits } from '../../host/domain-traits.ts'
import { type MemorySample, MemoryStatus } from '../../host/sample.ts'
import { known } from '../../util/known.ts'

/** Milliseconds between two reports of a guest at least: guests date them in whole seconds, and ages are rounded. */
export const reportSpacing = 500

/** One domain in a memory sample, in bytes; times in milliseconds. What did not answer keeps its last known levels. */
export interface MemoryReport {
  readonly status: MemoryStatus
  readonly maximum: number | undefined
  readonly actual: number | undefined
  readonly available: number | undefined
  readonly unused: number | undefined
  readonly usable: number | undefined
  readonly diskCaches: number | undefined
  readonly rss: number | undefined
  readonly hugePages: number | undefined
  readonly rssFile: number | undefined
  /** Milliseconds since the epoch. */
  readonly lastUpdate: number | undefined
  /** Since the guest booted. */
  readonly swapIn: number | undefined
  readonly swapOut: number | undefined
  readonly majorFaults: number | undefined
}

export const nothingKnown: MemoryReport = {
  status: MemoryStatus.fresh,
  maximum: undefined,
  actual: undefined,
  available: undefined,
  unused: undefined,
  usable: undefined,
  diskCaches: undefined,
  rss: undefined,
  hugePages: undefined,
  rssFile: undefined,
  lastUpdate: undefined,
  swapIn: undefined,
  swapOut: undefined,
  majorFaults: undefined,
}

/**
 * One row of a sample, given what was known before it. What virtio-mem devices have plugged is part of its sizes: statistics
 * leave it out, and what libvirt knows of one that does not answer does not.
 */
export function readReport(
  sample: MemorySample,
  row: number,
  before: MemoryReport,
  traits: DomainTraits | undefined,
): MemoryReport {
  const status = sample.status[row] as MemoryStatus
  const { size = 0, current = 0 } = traits?.virtioMem ?? {}
  const hasStatistics = status === MemoryStatus.fresh && traits?.balloon !== 'none'
  const maximum = plus(known(sample.maximum[row]), current - size) ?? before.maximum
  const actual = plus(known(sample.actual[row]), hasStatistics ? current : 0) ?? before.actual
  if (status !== MemoryStatus.fresh) return { ...before, status, maximum, actual }
  return {
    status,
    maximum,
    actual,
    available: known(sample.available[row]),
    unused: known(sample.unused[row]),
    usable: known(sample.usable[row]),
    diskCaches: known(sample.diskCaches[row]),
    rss: known(sample.rss[row]),
    hugePages: known(sample.hugePages[row]),
    rssFile: known(sample.rssFile[row]),
    lastUpdate: known(sample.lastUpdate[row]),
    swapIn: known(sample.swapIn[row]),
    swapOut: known(sample.swapOut[row]),
    majorFaults: known(sample.majorFaults[row]),
  }
}

function plus(bytes: number | undefined, more: number): number | undefined {
  return bytes === undefined ? undefined : bytes + more
}

/** How much a counter rose; undefined when either is unknown, and after a reboot, when it went back. */
export function increase(before: number | undefined, now: number | undefined): number | undefined {
  return before === undefined || now === undefined || now < before ? undefined : now - before
}

/** Whether a counter of what happened since the guest booted went back: it has booted anew. */
export function hasRebooted(before: MemoryReport, now: MemoryReport): boolean {
  return (
    wentBack(before.swapIn, now.swapIn) ||
    wentBack(before.swapOut, now.swapOut) ||
    wentBack(before.majorFaults, now.majorFaults)
  )
}

function wentBack(before: number | undefined, now: number | undefined): boolean {
  return (now ?? Number.POSITIVE_INFINITY) < (before ?? 0)
}
