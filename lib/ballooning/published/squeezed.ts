import { isSameRun, type RunIdentity, runOf } from '../../host/sample.ts'
import { type SetMemoryAction, type StatefulPolicy, setMemory } from '../../policy/plan.ts'
import { MiB } from '../../util/units.ts'
import { freeMemory } from '../free-memory.ts'
import { type Guest, guestsOf, leastSize } from './guest.ts'

/** Milliseconds without progress after which a guest is left out of the round, and of those that follow. */
const inactiveAfter = 5_000
const uncooperativeAfter = 20_000
/** Bytes between two sizes that make no difference: what a Linux host has available is never as still as what Xen has free. */
const tolerance = 16 * MiB

/** What is remembered of one run of a guest: bytes and monotonic milliseconds. */
interface Squeezed extends RunIdentity {
  readonly actual: number
  /** What it is to come to. */
  readonly target: number
  /** When it last came nearer to that, or had it. */
  readonly movedAt: number
}

/** What {@link squeezed} remembers. Plain data. */
export interface SqueezedState {
  /** When the present round began; undefined: all is as it should be. */
  readonly roundBegan: number | undefined
  /** By UUID. */
  readonly guests: ReadonlyMap<string, Squeezed>
}

/**
 * The ballooning daemon of XCP-ng and XenServer. All guests are squeezed alike: each has its minimum and the same part,
 * gamma, of the way to its maximum, so that all memory that there is is handed out. Those that have to give do so first;
 * nothing is granted before they have. One that makes no progress for 5 s is inactive: the round goes on without it, and one that
 * made none for 20 s is uncooperative: the next rounds do not count on it either, though it is still asked.
 *
 * What a guest needs plays no part. One that refuses keeps what it has while the others are squeezed the more.
 *
 * XCP-ng xen-api, ocaml/squeezed/lib/squeeze.ml.
 */
export function squeezed(): StatefulPolicy<SetMemoryAction, SqueezedState> {
  return {
    initialState: { roundBegan: undefined, guests: new Map() },
    decide(view, before) {
      const { time } = view
      const roundBegan = before.roundBegan ?? time
      const guests = guestsOf(view, leastSize)
      const seen = new Map(guests.map((guest) => [guest, look(guest, time, before)]))
      const idleFor = (guest: Guest, since: number) => {
        const { target, movedAt } = seen.get(guest)!
        return isAt(guest.actual, target) ? 0 : time - Math.max(since, movedAt)
      }
      const isUncooperative = (guest: Guest) => idleFor(guest, 0) > uncooperativeAfter
      const active = guests.filter((guest) => {
        return idleFor(guest, roundBegan) <= inactiveAfter && !isUncooperative(guest)
      })

      const gamma = gammaOf(active, freeMemory(view))
      const sizeOf = (guest: Guest) => guest.minimum + gamma * (guest.maximum - guest.minimum)
      const giving = active.filter((guest) => {
        const size = sizeOf(guest)
        return size < guest.actual && !isAt(guest.actual, size)
      })
      const turn = giving.length > 0 ? giving : active
      const sizes = new Map(turn.map((guest) => [guest, sizeOf(guest)]))
      for (const guest of guests) if (isUncooperative(guest)) sizes.set(guest, seen.get(guest)!.target)
      const changed = [...sizes].filter(([guest, size]) => !isAt(size, guest.asked))
      const plan = changed.map(([guest, size]) => {
        const { minimum, maximum } = guest
        return setMemory(
          guest.domain,
          size,
          isUncooperative(guest)
            ? { kind: 'squeezed-uncooperative' }
            : { kind: 'squeezed', gamma, minimum, maximum, giving: giving.length },
        )
      })
      const isDone = active.every((guest) => isAt(guest.actual, sizeOf(guest)))
      const next = [...seen].map(([guest, known]): [string, Squeezed] => {
        return [guest.domain.uuid, { ...known, target: sizes.get(guest) ?? known.target }]
      })
      return { plan, state: { roundBegan: isDone ? undefined : roundBegan, guests: new Map(next) } }
    },
  }
}

/** What is known of a guest now, its target being the one that it had so far. */
function look({ domain, actual, asked }: Guest, time: number, { guests }: SqueezedState): Squeezed {
  const run = runOf(domain)
  const found = guests.get(domain.uuid)
  if (!found || !isSameRun(found, domain)) return { ...run, actual, target: asked, movedAt: time }
  const { target } = found
  const came = (actual - found.actual) * Math.sign(target - found.actual)
  const isMoving = isAt(found.actual, target) || isAt(actual, target) || came > 0
  return { ...run, actual, target, movedAt: isMoving ? time : found.movedAt }
}

/** Which part of the way from its minimum to its maximum each guest can have, 0 to 1. */
function gammaOf(guests: readonly Guest[], free: number): number {
  const range = guests.reduce((sum, { minimum, maximum }) => sum + maximum - minimum, 0)
  const freeable = guests.reduce((sum, { minimum, present }) => sum + Math.max(0, present - minimum), 0)
  return range === 0 ? 0 : Math.min(1, Math.max(0, (free + freeable) / range))
}

function isAt(size: number, other: number): boolean {
  return Math.abs(size - other) < tolerance
}
