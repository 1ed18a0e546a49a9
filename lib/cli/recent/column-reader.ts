import type { Column } from '../../report/columns.ts'
import type { ShownDomain, ShownPcpu, ShownTick, ShownVcpu } from '../../report/shown-tick.ts'
import { KiB } from '../../util/units.ts'
import type { HostRecord, StandingRecord, TickColumns } from './tick-columns.ts'

/** Reads the lines of an answer to `follow`, of any version, in their order. */
export class ColumnReader {
  #host: HostRecord = { pcpus: [], guests: [] }
  #standing: StandingRecord = { clamps: [], skipped: [] }

  /** The Tick that a line completes; undefined: it tells something else. */
  read(line: Readonly<Record<string, unknown>>): ShownTick | undefined {
    const { host, standing, columns, tick } = line
    if (isObject(host)) this.#host = host as HostRecord
    if (isObject(standing)) this.#standing = standing as StandingRecord
    if (isObject(columns)) return tickOf(this.#host, this.#standing, columns as TickColumns)
    // By a controller that knows version 2 alone.
    return isObject(tick) ? (tick as ShownTick) : undefined
  }
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null
}

function tickOf(host: HostRecord, standing: StandingRecord, columns: TickColumns): ShownTick {
  const { pcpus, guests, vcpus: _, sets: __, ...rest } = columns
  return { ...rest, ...standing, pcpus: pcpusOf(host, pcpus), domains: domainsOf(host, guests, columns) }
}

function pcpusOf(host: HostRecord, { busy, background, unusable }: TickColumns['pcpus']): ShownPcpu[] {
  return host.pcpus.map((place, position) => ({
    ...place,
    busy: part(busy, position),
    background: part(background, position),
    unusable: unusable[position],
  }))
}

function domainsOf(
  host: HostRecord,
  guests: TickColumns['guests'],
  { vcpus, sets }: Pick<TickColumns, 'vcpus' | 'sets'>,
): ShownDomain[] {
  const underPressure = new Set(guests.underPressure)
  let first = 0
  return host.guests.map(({ uuid, name, vcpus: numbers }, row) => {
    const begin = first
    first += numbers.length
    const need = bytes(guests.need, row)
    const swappedOut = guests.swappedOut[row]
    return {
      uuid,
      name,
      state: guests.state[row] ?? 'running',
      cpuShares: figure(guests.cpuShares, row),
      vcpus: numbers.map((vcpu, at): ShownVcpu => vcpuOf(vcpu, begin + at, vcpus, sets)),
      memory: {
        actual: bytes(guests.actual, row),
        maximum: bytes(guests.maximum, row),
        target: bytes(guests.target, row),
        usable: bytes(guests.spare, row),
        hold: guests.hold[row],
        progress: guests.progress[row] ?? 'resting',
        swappedOut: swappedOut === undefined ? undefined : swappedOut * KiB,
        need: need === undefined ? undefined : { total: need },
        events: underPressure.has(row) ? pressure : undefined,
      },
      score: { cpu: figure(guests.cpuScore, row), memory: figure(guests.memoryScore, row) },
    }
  })
}

const pressure = { underPressure: true }

function vcpuOf(
  vcpu: number,
  position: number,
  columns: TickColumns['vcpus'],
  sets: TickColumns['sets'],
): ShownVcpu {
  return {
    vcpu,
    pcpu: figure(columns.pcpu, position),
    usage: part(columns.usage, position),
    delay: part(columns.delay, position),
    demand: part(columns.demand, position),
    throttled: part(columns.throttled, position),
    affinity: sets[figure(columns.affinity, position) ?? -1],
    allowed: sets[figure(columns.allowed, position) ?? -1] ?? '',
  }
}

function figure(column: Column | undefined, position: number): number | undefined {
  return column?.[position] ?? undefined
}

function part(column: Column | undefined, position: number): number | undefined {
  const thousandths = figure(column, position)
  return thousandths === undefined ? undefined : thousandths / 1_000
}

function bytes(column: Column | undefined, position: number): number | undefined {
  const kibibytes = figure(column, position)
  return kibibytes === undefined ? undefined : kibibytes * KiB
}
