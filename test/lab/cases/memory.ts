import { freeMemory } from '../../../lib/ballooning/free-memory.ts'
import { shares } from '../../../lib/ballooning/index.ts'
import type { Tick } from '../../../lib/control/tick.ts'
import { GiB, MiB } from '../../../lib/util/units.ts'
import type { View } from '../../../lib/view/view.ts'
import type { Guest } from '../guest.ts'
import type { Case, Stage } from './case.ts'
import { firstLook, mib, type Player, type Role, reserveFor, sizes, spare, usedBy } from './memory-host.ts'
import { gaveBack, judgeGrowth } from './memory-judge.ts'

export const interval = 2_000
const start = 512 * MiB
const maximum = 2 * GiB
/** What a growing program takes in a second, as the classic one does. */
export const growthMiB = 20
/** What one that stops early holds then. */
const early = 600 * MiB
/** The size that each guest can come to where all of them grow. */
const equalShare = 1_536 * MiB
/** What the QEMU of a growing guest may come to hold beside the guest's memory. */
const overheadGrowth = 160 * MiB
/** Quiet ticks at the end that show that all has come to rest, and ticks after which it is judged as it is. */
const quiet = 5
const mostTicks = { growing: 90, givingBack: 90 }
/** Ticks for which those that have grown hold what they have before they free it. */
const ticksHeld = 3

const rolesOfM1: readonly Role[] = ['late', 'idle', 'idle', 'idle']

/**
 * Four guests of 512 MiB that may have 2 GiB. The program of the first grows to all that it can hold and then frees
 * all; the others are idle. The host reserve is such that it cannot grow unless the idle ones give.
 */
export const M1 = memoryCase('M1', rolesOfM1)

/** All four grow side by side as far as the host reserve lets them, and then free all. */
export const M2 = memoryCase('M2', ['equal', 'equal', 'equal', 'equal'])

/** All grow; the first two stop early and free, the last two go on to all that they can hold: not without what the first had. */
export const M3 = memoryCase('M3', ['early', 'early', 'late', 'late'])

/** The first stops early and frees, the second goes on to all that it can hold, two are idle. */
export const M4 = memoryCase('M4', ['early', 'late', 'idle', 'idle'])

/** The guests of a case before their programs grow. */
interface Ground {
  readonly players: readonly Player[]
  /** The host as it is then. */
  readonly before: View
  /** Bytes that those who do not grow have to give. */
  readonly lacking: number
  readonly hostMemoryReserve: number
}

/** Starts the guests of M1 and works out the host reserve for them. */
export const prepareM1 = (stage: Stage): Promise<Ground> => prepare(stage, rolesOfM1)

async function prepare(stage: Stage, roles: readonly Role[]): Promise<Ground> {
  const guests = await stage.fresh(
    roles.map((_, i) => ({ name: `aos_vm${i + 1}`, memoryMiB: mib(start), maximumMiB: mib(maximum) })),
  )
  const before = await firstLook(stage)
  const players = guests.map((guest, i) => playerOf(guest, roles[i]!, before))
  const lacking = lackingOf(players, before)
  const hostMemoryReserve = reserveFor(before, roomFor(players) - lacking)
  const goals = players.map(({ most }) => mib(most)).join(', ')
  stage.options.log(`host reserve ${mib(hostMemoryReserve)} MiB; the programs will hold ${goals} MiB`)
  return { players, before, lacking, hostMemoryReserve }
}

/** Has the programs of those that grow begin, 20 MiB in a second. */
export async function grow(players: readonly Player[]): Promise<void> {
  await Promise.all(players.map(({ guest, most }) => guest.send(`grow ${growthMiB} 1 ${mib(most)}`)))
}

function memoryCase(name: string, roles: readonly Role[]): Case {
  return async (stage) => {
    const { log } = stage.options
    const { players, before, lacking, hostMemoryReserve } = await prepare(stage, roles)
    const ticks: Tick[] = []
    const held: number[][] = []
    /** Index of the last tick before those that grew to the end free. */
    let grown: number | undefined
    let full: number | undefined
    const growing = players.filter(({ most }) => most > 0)
    await grow(growing)
    for await (const tick of stage.pilot({ interval, ballooning: shares(), hostMemoryReserve })) {
      const now = ticks.push(tick)
      const stats = await Promise.all(growing.map(({ guest }) => guest.stat()))
      held.push(stats.map((stat) => stat.held))
      log(
        `  ${sizes(tick.view)}; held ${stats.map((stat) => mib(stat.held)).join(' ')}; ${mib(freeMemory(tick.view))} free`,
      )
      if (stats.some(({ killed }) => killed > 0)) break
      const isDone = growing.map(({ most }, i) => stats[i]!.held >= most - MiB)
      for (const [i, player] of growing.entries()) {
        if (player.role === 'early' && isDone[i] && player.freedAt === undefined) await free(player, now)
      }
      const later = growing.filter(({ role }) => role !== 'early')
      if (grown === undefined) {
        if (now >= mostTicks.growing) break
        if (later.every((player) => isDone[growing.indexOf(player)])) full ??= now
        if (full === undefined || now < full + ticksHeld) continue
        grown = now - 1
        for (const player of later) await free(player, now)
        continue
      }
      if (isOver(ticks, players, grown + 1)) break
    }
    // Awaited here: the judge asks the guests once more, and they end with the stage.
    return await judgeGrowth(name, { ticks, players, held, before, grown, hostMemoryReserve, lacking })
  }
}

export async function free(player: Player, now: number): Promise<void> {
  await player.guest.send(`mem -${mib(maximum)}`)
  player.freedAt = now
}

/** Over when all has come to rest after everything was freed, or that is long overdue. */
function isOver(ticks: readonly Tick[], players: readonly Player[], freedAt: number): boolean {
  const acted = ticks.findLastIndex(({ outcomes }) => outcomes.length > 0)
  const isQuiet = ticks.length - 1 - Math.max(acted, freedAt) >= quiet
  const grew = players.filter(({ role }) => role === 'late' || role === 'equal')
  return (isQuiet && gaveBack(ticks, grew)) || ticks.length - freedAt >= mostTicks.givingBack
}

function playerOf(guest: Guest, role: Role, before: View): Player {
  const within = (size: number) => size - usedBy(before, guest) - spare
  const most = { idle: 0, early, late: within(maximum), equal: within(equalShare) }[role]
  return { role, guest, most, freedAt: undefined }
}

/** Bytes that are needed for the guests to grow into. */
function roomFor(players: readonly Player[]): number {
  const sizes = { idle: undefined, early: undefined, late: maximum, equal: equalShare }
  return players.reduce((sum, { role }) => {
    const size = sizes[role]
    return size === undefined ? sum : sum + size - start + overheadGrowth
  }, 0)
}

/**
 * Bytes of that which are lacking where one is to reach its maximum: a quarter of what the others can give. The rest of it
 * is for what the machine's other programs may take meanwhile.
 */
function lackingOf(players: readonly Player[], before: View): number {
  const donors = players.filter(({ role }) => role === 'idle' || role === 'early')
  return donors.reduce((sum, { guest }) => sum + Math.max(0, start - usedBy(before, guest) - spare) / 4, 0)
}
