import type { FleetGuest, FleetHost, FleetView } from '../view/fleet-view.ts'
import { guestMatcher } from '../view/guest-matcher.ts'
import { isNamed } from '../view/rule-problems.ts'

/** A rule that keeps guests apart or together, by the rows of its guests. */
export interface Group {
  readonly rule: string
  readonly isHard: boolean
  readonly guests: ReadonlySet<number>
}

/** The fleet's rules, resolved to guests and hosts of one view. */
export class PlacementRules {
  readonly apart: readonly Group[]
  /** Soft ones and hard ones. */
  readonly together: readonly Group[]
  readonly #apartOf: ReadonlyMap<number, readonly number[]>
  readonly #softTogetherOf: ReadonlyMap<number, readonly number[]>
  readonly #pinsOf: ReadonlyMap<number, readonly Pin[]>

  constructor(view: FleetView) {
    const groups = (kind: 'apart' | 'together') =>
      (view.rules[kind] ?? []).map(({ guests, hard = true }): Group => {
        const rows = view.guests.filter(guestMatcher(guests)).map(({ row }) => row)
        return { rule: `${kind}: ${guests}`, isHard: hard, guests: new Set(rows) }
      })
    this.apart = groups('apart')
    this.together = groups('together')
    this.#apartOf = byGuest(this.apart)
    this.#softTogetherOf = byGuest(this.together.map((group) => (group.isHard ? undefined : group)))
    const pins = (view.rules.pinned ?? []).map(({ guests, hosts }) => {
      const rows = view.hosts
        .filter((host) => hosts.some((name) => isNamed(host, name)))
        .map(({ row }) => row)
      const pin: Pin = { rule: `pinned: ${guests}`, hosts: new Set(rows) }
      return { pin, matches: guestMatcher(guests) }
    })
    const pinsOf = new Map<number, Pin[]>()
    for (const { pin, matches } of pins) {
      for (const guest of view.guests) {
        if (matches(guest)) pinsOf.set(guest.row, [...(pinsOf.get(guest.row) ?? []), pin])
      }
    }
    this.#pinsOf = pinsOf
  }

  /** Whether there are rules that may be broken. */
  get hasSoft(): boolean {
    return [...this.apart, ...this.together].some(({ isHard }) => !isHard)
  }

  /** Whether any rule is about this guest. */
  isNamed(guest: number): boolean {
    return (
      this.#apartOf.has(guest) ||
      this.#pinsOf.has(guest) ||
      this.together.some(({ guests }) => guests.has(guest))
    )
  }

  /** Numbers of the rules that keep this guest apart from others. */
  apartOf(guest: number): readonly number[] {
    return this.#apartOf.get(guest) ?? []
  }

  /** Numbers of the soft rules that keep this guest together with others. */
  softTogetherOf(guest: number): readonly number[] {
    return this.#softTogetherOf.get(guest) ?? []
  }

  /** The rule that keeps this guest from this host; undefined: none does. */
  pinAgainst(guest: number, host: number): string | undefined {
    return this.#pinsOf.get(guest)?.find(({ hosts }) => !hosts.has(host))?.rule
  }
}

interface Pin {
  readonly rule: string
  readonly hosts: ReadonlySet<number>
}

/** By row of a guest: the numbers of the groups that it is in. */
function byGuest(groups: readonly (Group | undefined)[]): ReadonlyMap<number, readonly number[]> {
  const found = new Map<number, number[]>()
  for (const [index, group] of groups.entries()) {
    for (const guest of group?.guests ?? []) {
      const own = found.get(guest)
      if (own) own.push(index)
      else found.set(guest, [index])
    }
  }
  return found
}

/** Whether a host can run a guest at all: what no rule and no budget changes. */
export function canRunOn({ report }: FleetGuest, host: FleetHost): boolean {
  const { requirement, memory } = report
  if (requirement === undefined || host.report.answers[requirement] !== true) return false
  return (memory.hugePages ?? 0) <= (host.report.memory.hugePagesFree ?? 0)
}
