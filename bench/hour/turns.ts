import type { Load, Program } from '../../lib/simulation/index.ts'
import { Random } from '../../lib/util/random.ts'
import { MiB } from '../../lib/util/units.ts'

/** Milliseconds between two changes. */
export const turnInterval = 10_000
/** Guests of one vCPU for each pCPU. */
export const guestsPerPcpu = 3
/** Bytes of each guest at the start, and what its balloon may grow to. */
export const guestMemory = { actual: 192 * MiB, maximum: 384 * MiB } as const
/** A guest works and sleeps in turn, once in as many milliseconds. */
const period = 50
/** The most of a pCPU that a guest wants: on average all of them want 60 % of the host. */
const mostWanted = 0.4
/** MiB that a program holds at most, and takes more of in a second. */
const mostHeld = 200
export const growthMiB = 20

/** What one guest turns to. */
export interface Turn {
  /** Milliseconds since the beginning. */
  readonly at: number
  /** Its number. */
  readonly guest: number
  readonly load: Extract<Load, { kind: 'loop' }>
  /** MiB that its program holds from then on. */
  readonly heldMiB: number
}

/** Each of the guests begins with something, and one of them, drawn at random, turns to something else every ten seconds. */
export function turnsOf(seed: number, guests: number, length: number): readonly Turn[] {
  const random = new Random(seed, 'turns')
  const turn = (at: number, guest: number): Turn => {
    const work = Math.round(10 * period * mostWanted * random.next()) / 10
    const heldMiB = random.below(mostHeld + 1)
    return { at, guest, load: { kind: 'loop', work, sleep: period - work }, heldMiB }
  }
  const turns = Array.from({ length: guests }, (_, guest) => turn(0, guest))
  for (let at = turnInterval; at < length; at += turnInterval) turns.push(turn(at, random.below(guests)))
  return turns
}

/** The program that holds so much. */
export function programOf({ heldMiB }: Turn): Program {
  return { size: heldMiB * MiB, rate: growthMiB * MiB, goesOn: true }
}
