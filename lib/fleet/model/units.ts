import { binOf } from '../cost/predicted-delay.ts'
import type { FleetGuest, FleetView } from '../view/fleet-view.ts'
import { guestMatcher } from '../view/guest-matcher.ts'
import { wantsOf } from '../view/shortage.ts'

/** Guests that move as one: mostly a single guest, or all that a hard rule keeps together. */
export interface Unit {
  readonly guests: readonly FleetGuest[]
  /** Row of the host that it is on, or on its way to. */
  readonly home: number
  /** pCPUs. */
  readonly demand: number
  /** Its vCPUs by demand: bin, how many, and what they want together. */
  readonly vcpus: readonly VcpuGroup[]
  /** Bytes that it takes where it comes, leaves where it goes, and needs. */
  readonly memory: number
  readonly leaves: number
  readonly wants: number
}

export interface VcpuGroup {
  readonly bin: number
  readonly count: number
  readonly sum: number
}

/** The guests as units, in the order of their first guests. */
export function unitsOf(view: FleetView): Unit[] {
  const { groups, groupOf } = togetherGroups(view)
  const units: Unit[] = []
  for (const guest of view.guests) {
    const group = groupOf.get(guest)
    if (group === undefined) units.push(unitOf([guest]))
    else if (groups[group]![0] === guest) units.push(unitOf(groups[group]!))
  }
  return units
}

function unitOf(guests: readonly FleetGuest[]): Unit {
  const [first] = guests
  return {
    guests,
    home: (first!.goingTo ?? first!.host).row,
    demand: total(guests, ({ demand = 0 }) => demand),
    vcpus: guests.flatMap(vcpusOf),
    memory: total(guests, ({ memory }) => memory),
    leaves: total(guests, ({ report }) => report.memory.committed),
    wants: total(guests, ({ report }) => wantsOf(report)),
  }
}

/** The largest of its vCPUs, and the others alike. */
export function vcpusOf({ demand = 0, report, largest = report.cpu.largest ?? 0 }: FleetGuest): VcpuGroup[] {
  const { vcpus } = report.cpu
  if (demand <= 0 || vcpus <= 0) return []
  const top = Math.min(demand, 1, Math.max(largest, demand / vcpus))
  const rest = vcpus > 1 ? Math.max(0, demand - top) / (vcpus - 1) : 0
  const groups = [{ bin: binOf(top), count: 1, sum: top }]
  if (rest > 1e-9) groups.push({ bin: binOf(rest), count: vcpus - 1, sum: rest * (vcpus - 1) })
  return groups
}

/** Guests that hard rules keep together and that are together now, joined where rules overlap. */
function togetherGroups({ rules, guests }: FleetView): {
  readonly groups: readonly (readonly FleetGuest[])[]
  readonly groupOf: ReadonlyMap<FleetGuest, number>
} {
  const parent = new Map<FleetGuest, FleetGuest>()
  const root = (guest: FleetGuest): FleetGuest => {
    let at = guest
    for (let next = parent.get(at); next !== undefined && next !== at; next = parent.get(at)) at = next
    return at
  }
  for (const { guests: named, hard = true } of rules.together ?? []) {
    if (!hard) continue
    const [first, ...others] = guests.filter(guestMatcher(named))
    if (!first) continue
    if (!parent.has(first)) parent.set(first, first)
    for (const other of others) {
      if (!parent.has(other)) parent.set(other, other)
      parent.set(root(other), root(first))
    }
  }
  const byRoot = new Map<FleetGuest, FleetGuest[]>()
  for (const guest of [...parent.keys()].sort((a, b) => a.row - b.row)) {
    const key = root(guest)
    const group = byRoot.get(key)
    if (group) group.push(guest)
    else byRoot.set(key, [guest])
  }
  const homeOf = ({ goingTo, host }: FleetGuest) => goingTo ?? host
  const groups = [...byRoot.values()].filter((group) => {
    return group.length > 1 && group.every((guest) => homeOf(guest) === homeOf(group[0]!))
  })
  return { groups, groupOf: new Map(groups.flatMap((group, index) => group.map((guest) => [guest, index]))) }
}

function total(guests: readonly FleetGuest[], of: (guest: FleetGuest) => number): number {
  let sum = 0
  for (const guest of guests) sum += of(guest)
  return sum
}
