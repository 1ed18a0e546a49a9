import { setTimeout as sleep } from 'node:timers/promises'
import { MiB } from '../../lib/util/units.ts'
import type { Stage } from '../../test/lab/cases/case.ts'
import type { GuestOptions } from '../../test/lab/domain-xml.ts'
import type { Guest, GuestStat } from '../../test/lab/guest.ts'
import type { Peer } from './peer.ts'

/** One guest of a case: what it is, and what its program does from the beginning. MiB. */
interface Player {
  readonly guest: Omit<GuestOptions, 'name'>
  /** Grows by so much a second to so much, and holds it; `frees`: gives it back then. */
  readonly grows?: { readonly perSecond: number; readonly to: number; readonly frees?: true }
  /** Has taken so much before the peer begins, and writes so much of it anew in each second. */
  readonly holds?: { readonly size: number; readonly touches: number }
}

const small = { memoryMiB: 512, maximumMiB: 2_048 }
const idle: Player = { guest: small }
const grower = (perSecond: number, to = 1_600, more: { frees?: true } = {}): Player => ({
  guest: small,
  grows: { perSecond, to, ...more },
})

/** The classic cases at 20 MiB a second, growth at other speeds, and a guest that swaps beside one that has too much. */
export const memoryCases = {
  M1: [grower(20), idle, idle, idle],
  M2: [grower(20, 1_200), grower(20, 1_200), grower(20, 1_200), grower(20, 1_200)],
  M3: [grower(20, 600, { frees: true }), grower(20, 600, { frees: true }), grower(20), grower(20)],
  M4: [grower(20, 600, { frees: true }), grower(20), idle, idle],
  'grow-6': [grower(6, 1_000), idle, idle, idle],
  'grow-12': [grower(12), idle, idle, idle],
  'grow-25': [grower(25), idle, idle, idle],
  'grow-50': [grower(50), idle, idle, idle],
  dwarf: [
    {
      guest: { memoryMiB: 256, maximumMiB: 1_280, swapMiB: 1_024 },
      holds: { size: 400, touches: 40 },
    },
    { guest: { memoryMiB: 2_048, maximumMiB: 2_048 } },
  ],
} as const satisfies Readonly<Record<string, readonly Player[]>>

export type MemoryCase = keyof typeof memoryCases

/** What a peer made of a case. */
export interface MemoryFigures {
  /** Programs that a guest's kernel killed. */
  readonly killed: number
  /** Seconds, over all guests that have work, for which their programs lacked what they wanted to hold by then, or swapped. */
  readonly stallSeconds: number
  /** The most that was swapped out at once, over all guests. */
  readonly swappedMiB: number
  /** Seconds until the last program held all that it wanted and nothing was swapped out; null: never. */
  readonly settledSeconds: number | null
  /** The least that a guest had available, as it saw it itself. */
  readonly leastAvailableMiB: number
}

/** Seconds beyond what growing takes for which it is watched. */
const patience = 60

/** Has a peer manage new guests of a case, whose programs then grow, and asks the guests themselves once a second. */
export async function measureMemory(
  stage: Stage,
  name: MemoryCase,
  peer: Peer,
  signal: AbortSignal,
): Promise<MemoryFigures> {
  const players: readonly Player[] = memoryCases[name]
  const guests = await stage.fresh(players.map(({ guest }, i) => ({ name: `${name}-${i + 1}`, ...guest })))
  await Promise.all(guests.map((guest, i) => prepare(guest, players[i]!)))
  await using _peer = await peer.begin(stage, guests)
  await Promise.all(guests.map((guest, i) => grow(guest, players[i]!)))

  const began = performance.now()
  const longest = Math.max(...players.map(({ grows }) => (grows ? grows.to / grows.perSecond : 0)))
  const freed = new Set<number>()
  let stallSeconds = 0
  let swapped = 0
  let least = Number.POSITIVE_INFINITY
  let killed = 0
  let settledSeconds: number | null = null
  let before = began
  for (let second = 1; second <= longest + patience && settledSeconds === null && killed === 0; second++) {
    await sleep(Math.max(0, began + 1_000 * second - performance.now()), undefined, { signal })
    const stats = await Promise.all(guests.map((guest) => guest.stat()))
    const now = performance.now()
    const isStalled = players.map((player, i) =>
      lacks(player, stats[i]!, (before - began) / 1_000, freed.has(i)),
    )
    stallSeconds += (isStalled.filter(Boolean).length * (now - before)) / 1_000
    swapped = Math.max(
      swapped,
      stats.reduce((sum, { swapUsed }) => sum + swapUsed, 0),
    )
    least = Math.min(least, ...stats.map(({ available }) => available))
    killed = stats.reduce((sum, { killed, oomKills }) => sum + Math.max(killed, oomKills), 0)
    for (const [i, { grows }] of players.entries()) {
      if (!grows?.frees || freed.has(i) || stats[i]!.held < (grows.to - 1) * MiB) continue
      await guests[i]!.send(`mem -${grows.to}`)
      freed.add(i)
    }
    const isSettled = players.every((player, i) => hasAll(player, stats[i]!, freed.has(i)))
    if (isSettled && killed === 0) settledSeconds = (now - began) / 1_000
    before = now
  }
  return {
    killed,
    stallSeconds,
    swappedMiB: swapped / MiB,
    settledSeconds,
    leastAvailableMiB: least / MiB,
  }
}

async function prepare(guest: Guest, { holds }: Player): Promise<void> {
  if (!holds) return
  await guest.send(`mem +${holds.size}`)
  await guest.send(`touch ${holds.touches}`)
}

async function grow(guest: Guest, { grows }: Player): Promise<void> {
  if (grows) await guest.send(`grow ${grows.perSecond} 1 ${grows.to}`)
}

/** Whether a program lacks what it would hold by now, two seconds of growth allowed for, or has to swap. */
function lacks({ grows, holds }: Player, stat: GuestStat, seconds: number, isFreed: boolean): boolean {
  if (holds) return stat.swapUsed > 16 * MiB
  if (!grows || isFreed) return false
  const due = Math.min(grows.to, grows.perSecond * Math.max(0, seconds - 2))
  return stat.held < (due - 1) * MiB
}

function hasAll({ grows, holds }: Player, stat: GuestStat, isFreed: boolean): boolean {
  if (holds) return stat.swapUsed <= 16 * MiB
  return !grows || isFreed || stat.held >= (grows.to - 1) * MiB
}
