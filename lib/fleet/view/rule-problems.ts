import type { FleetReason } from '../reasons/fleet-reasons.ts'
import type { FleetGuest, FleetHost, FleetView, RuleProblem } from './fleet-view.ts'
import { guestMatcher } from './guest-matcher.ts'

type Seen = Pick<FleetView, 'hosts' | 'guests' | 'rules'>

interface Group {
  /** As the configuration has it. */
  readonly rule: string
  readonly guests: readonly FleetGuest[]
}

/** What is wrong with the rules: found before anything is moved. */
export function problemsOf(view: Seen): readonly RuleProblem[] {
  const { rules } = view
  const hard = (rule: { readonly hard?: boolean | undefined }) => rule.hard !== false
  const together = (rules.together ?? []).filter(hard).map(({ guests }) => groupOf('together', guests, view))
  const apart = (rules.apart ?? []).filter(hard).map(({ guests }) => groupOf('apart', guests, view))
  const pins = pinsOf(view)
  const contradictions: FleetReason[] = [
    ...together.flatMap((one) => apart.flatMap((other) => bothWays(one, other))),
    ...nowhere(pins),
    ...together.flatMap((group) => [...pinnedApart(group, pins), ...tooLarge(group, view.hosts)]),
    ...apart.flatMap((group) => tooMany(group, view.hosts)),
  ]
  const unknown = (rules.pinned ?? []).flatMap(({ guests, hosts }) => {
    return hosts
      .filter((named) => !view.hosts.some((host) => isNamed(host, named)))
      .map((host): FleetReason => ({ kind: 'unknown-rule-host', rule: `pinned: ${guests}`, host }))
  })
  return [
    ...contradictions.map((reason) => ({ reason, isContradiction: true })),
    ...unknown.map((reason) => ({ reason, isContradiction: false })),
  ]
}

/** Whether a rule names a host, by name or UUID. */
export function isNamed(host: Pick<FleetHost, 'name' | 'uuid'>, named: string): boolean {
  return host.name === named || host.uuid === named.toLowerCase()
}

function groupOf(kind: string, guests: string, view: Seen): Group {
  return { rule: `${kind}: ${guests}`, guests: view.guests.filter(guestMatcher(guests)) }
}

interface Pin {
  readonly rules: readonly string[]
  /** Rows of the hosts that all its rules name. */
  readonly hosts: ReadonlySet<number>
  /** Whether each of its rules names a host that reports. */
  readonly isKnown: boolean
}

function pinsOf({ rules, hosts, guests }: Seen): ReadonlyMap<FleetGuest, Pin> {
  const pins = new Map<FleetGuest, Pin>()
  for (const { guests: named, hosts: names } of rules.pinned ?? []) {
    const rows = new Set(
      hosts.filter((host) => names.some((name) => isNamed(host, name))).map(({ row }) => row),
    )
    for (const guest of guests.filter(guestMatcher(named))) {
      const before = pins.get(guest)
      pins.set(guest, {
        rules: [...(before?.rules ?? []), named],
        hosts: before ? common(before.hosts, rows) : rows,
        isKnown: (before?.isKnown ?? true) && rows.size > 0,
      })
    }
  }
  return pins
}

function nowhere(pins: ReadonlyMap<FleetGuest, Pin>): FleetReason[] {
  return [...pins]
    .filter(([, { hosts, isKnown }]) => isKnown && hosts.size === 0)
    .map(([guest, { rules }]) => ({
      kind: 'pinned-nowhere',
      guest: guest.name,
      rules: rules.map((rule) => `"pinned: ${rule}"`).join(' and '),
    }))
}

/** One example of each two rules is enough: the rest is alike. */
function bothWays(together: Group, apart: Group): FleetReason[] {
  const apartGuests = new Set(apart.guests)
  const [guest, other] = together.guests.filter((one) => apartGuests.has(one))
  if (!guest || !other) return []
  const rules = `"${together.rule}" and "${apart.rule}"`
  return [{ kind: 'together-and-apart', guest: guest.name, other: other.name, rules }]
}

function pinnedApart(group: Group, pins: ReadonlyMap<FleetGuest, Pin>): FleetReason[] {
  let allowed: ReadonlySet<number> | undefined
  let first: FleetGuest | undefined
  for (const guest of group.guests) {
    const pin = pins.get(guest)
    if (!pin || pin.hosts.size === 0) continue
    if (allowed && first && common(allowed, pin.hosts).size === 0) {
      return [{ kind: 'pinned-apart', together: group.rule, guest: first.name, other: guest.name }]
    }
    allowed = allowed ? common(allowed, pin.hosts) : pin.hosts
    first ??= guest
  }
  return []
}

function tooLarge(group: Group, hosts: readonly FleetHost[]): FleetReason[] {
  const memory = group.guests.reduce((sum, guest) => sum + guest.memory, 0)
  const most = hosts.reduce((largest, { budget }) => Math.max(largest, budget), 0)
  if (memory <= most || group.guests.length < 2) return []
  return [{ kind: 'too-large-together', together: group.rule, memory, most }]
}

function tooMany(group: Group, hosts: readonly FleetHost[]): FleetReason[] {
  const usable = hosts.filter(({ hold }) => hold !== 'maintenance').length
  if (group.guests.length <= usable || hosts.length === 0) return []
  return [{ kind: 'too-few-hosts', apart: group.rule, guests: group.guests.length, hosts: usable }]
}

function common(a: ReadonlySet<number>, b: ReadonlySet<number>): ReadonlySet<number> {
  return new Set([...a].filter((row) => b.has(row)))
}
