import { basename } from 'node:path'
import { KiB } from '../../util/units.ts'
import { linesOf } from './fields.ts'
import type { Reading } from './trace.ts'

/** Columns of GWA-T-12 (fastStorage and Rnd): separated by semicolon and tab, a file for each guest. */
const column = { time: 0, cores: 1, cpuPercent: 4, provisioned: 5, used: 6 } as const
const columns = 11
/** Times from here on are milliseconds; the files say so in their head, and have seconds. */
const firstMillisecond = 1e11

/** The time that a file is of, in seconds. */
interface Span {
  readonly file: string
  first: number
  last: number
}

/**
 * The trace of guests in a data centre of Bitbrains: Shen, van Beek, Iosup, "Statistical characterization of business-critical
 * workloads hosted in cloud datacenters" (2015). Memory used is what the guests' hypervisor counted as active.
 */
export async function* bitbrains(files: readonly string[]): AsyncGenerator<Reading, void, undefined> {
  const known = new Map<string, Span[]>()
  for (const file of files) {
    const guest = basename(file).replace(/\.csv$/i, '')
    // The trace goes on in another folder for each month, under the same name.
    const others = known.get(guest) ?? []
    const span = { file, first: Number.POSITIVE_INFINITY, last: Number.NEGATIVE_INFINITY }
    known.set(guest, [...others, span])
    let isHead = true
    for await (const fields of linesOf(file, ';')) {
      if (isHead) {
        isHead = false
        if (/^"?timestamp/i.test(fields.text(column.time, 'Timestamp'))) continue
      }
      if (fields.count < columns) {
        throw fields.wrong(fields.count - 1, `a line has ${columns} columns, and this one ${fields.count}`)
      }
      const stamp = fields.number(column.time, 'Timestamp')
      const time = stamp >= firstMillisecond ? stamp / 1_000 : stamp
      const other = others.find(({ first, last }) => first <= time && time <= last)
      if (other) {
        throw fields.wrong(
          column.time,
          `${other.file} has a guest of this name at this time, too: give each guest once, under a name of its own`,
        )
      }
      span.first = Math.min(span.first, time)
      span.last = Math.max(span.last, time)
      const cores = fields.number(column.cores, 'CPU cores')
      const size = KiB * fields.number(column.provisioned, 'Memory capacity provisioned [KB]')
      // Guests that were off for a time have neither.
      if (cores < 1 || size <= 0) continue
      yield {
        guest: `vm${guest}`,
        time,
        cpu: fields.number(column.cpuPercent, 'CPU usage [%]') / 100,
        memory: KiB * fields.number(column.used, 'Memory usage [KB]'),
        vcpus: Math.round(cores),
        size,
      }
    }
  }
}
