import type { Moment } from '../data/history.ts'

/** A guest at a moment, as lists show it. Fractions, points and MiB; undefined: not known. */
export interface GuestRow {
  /** Its position in the inventory. */
  readonly row: number
  readonly uuid: string
  readonly name: string
  readonly state: string
  readonly vcpus: number
  readonly cpuScore: number | undefined
  readonly memoryScore: number | undefined
  /** The lower of those that are known. */
  readonly score: number | undefined
  /** pCPUs that it runs on, all of its vCPUs together. */
  readonly usage: number | undefined
  /** Of the vCPU that waits longest. */
  readonly delay: number | undefined
  readonly actual: number | undefined
  readonly target: number | undefined
  readonly inUse: number | undefined
  readonly need: number | undefined
}

/** The guests of a moment, in their order. */
export function guestRows({ tick, inventory }: Moment): GuestRow[] {
  const { guests, vcpus } = tick
  let first = 0
  return inventory.guests.map(({ uuid, name, vcpus: count }, row) => {
    let used: number | undefined
    let delay: number | undefined
    for (let i = first; i < first + count; i++) {
      const usage = vcpus.usage[i]
      if (usage != null) used = (used ?? 0) + usage
      const waits = vcpus.delay[i]
      if (waits != null) delay = Math.max(delay ?? 0, waits)
    }
    first += count
    const cpuScore = guests.cpuScore[row] ?? undefined
    const memoryScore = guests.memoryScore[row] ?? undefined
    return {
      row,
      uuid,
      name,
      state: guests.state[row] ?? 'noState',
      vcpus: count,
      cpuScore,
      memoryScore,
      score: lower(cpuScore, memoryScore),
      usage: used === undefined ? undefined : used / 1_000,
      delay: delay === undefined ? undefined : delay / 1_000,
      actual: guests.actual[row] ?? undefined,
      target: guests.target[row] ?? undefined,
      inUse: guests.inUse[row] ?? undefined,
      need: guests.need[row] ?? undefined,
    }
  })
}

/** A vCPU of a guest at a moment. */
export interface VcpuRow {
  readonly vcpu: number
  readonly pcpu: number | undefined
  readonly usage: number | undefined
  readonly delay: number | undefined
  readonly demand: number | undefined
  /** Lists of pCPUs. */
  readonly affinity: string | undefined
  readonly allowed: string | undefined
}

export function vcpuRows({ tick, inventory }: Moment, uuid: string): VcpuRow[] {
  const { vcpus, sets } = tick
  let first = 0
  for (const guest of inventory.guests) {
    if (guest.uuid !== uuid) {
      first += guest.vcpus
      continue
    }
    const begin = first
    return Array.from({ length: guest.vcpus }, (_, vcpu) => {
      const i = begin + vcpu
      return {
        vcpu,
        pcpu: vcpus.pcpu[i] ?? undefined,
        usage: part(vcpus.usage[i]),
        delay: part(vcpus.delay[i]),
        demand: part(vcpus.demand[i]),
        affinity: sets[vcpus.affinity[i] ?? -1],
        allowed: sets[vcpus.allowed[i] ?? -1],
      }
    })
  }
  return []
}

/** What can be sorted by, with what is worst first. */
export type SortKey = 'name' | 'score' | 'usage' | 'delay' | 'actual' | 'inUse'

/** Sorts by a figure as it is shown, then by name: what is not known comes last either way. */
export function sortGuests(rows: readonly GuestRow[], key: SortKey, descending: boolean): GuestRow[] {
  const sign = descending ? -1 : 1
  if (key === 'name') return rows.toSorted((a, b) => sign * compareNames(a.name, b.name) || a.row - b.row)
  return rows.toSorted((a, b) => {
    const [x, y] = [a[key], b[key]]
    const order =
      x === undefined || y === undefined
        ? Number(x === undefined) - Number(y === undefined)
        : sign * (rounded[key](x) - rounded[key](y))
    return order || compareNames(a.name, b.name) || a.row - b.row
  })
}

const gibibyte = 1_024
/** Sizes are shown in MiB, in GiB with a digit from ten on. */
const roundedSize = (mebibytes: number) =>
  mebibytes >= 10 * gibibyte ? Math.round((10 * mebibytes) / gibibyte) * (gibibyte / 10) : mebibytes

/** Figures as they are shown: by what nobody sees, guests would change places in each tick. */
const rounded: Readonly<Record<Exclude<SortKey, 'name'>, (figure: number) => number>> = {
  score: (points) => points,
  usage: (pcpus) => Math.round(100 * pcpus),
  delay: (part) => Math.round(1_000 * part),
  actual: roundedSize,
  inUse: roundedSize,
}

const names = new Intl.Collator('en', { numeric: true })

function compareNames(a: string, b: string): number {
  return names.compare(a, b)
}

function lower(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined || b === undefined) return a ?? b
  return Math.min(a, b)
}

function part(thousandths: number | null | undefined): number | undefined {
  return thousandths == null ? undefined : thousandths / 1_000
}
