import { freeMemory } from '../../../lib/ballooning/free-memory.ts'
import type { Tick } from '../../../lib/control/tick.ts'
import { MiB } from '../../../lib/util/units.ts'
import type { View } from '../../../lib/view/view.ts'
import { type GuestMemoryVerdict, judgeMemory } from '../../support/verdict.ts'
import type { CaseResult } from './case.ts'
import { figuresOfOthers, memoryOf, mib, mibOrNull, type Player, usedBy, withExcuse } from './memory-host.ts'

/** Bytes that an idle guest has unused at all times, and that all may swap out together. */
const leastUnused = 100 * MiB
const mostSwapped = 8 * MiB
/** Percent by which the smallest may be smaller than the largest where all grow alike, beyond what their programs differ by. */
const mostUnequal = 10
/** Ticks within which one that is behind the others has what they have. */
const ticksBehind = 3
/** Part of the room at the start that may be left where all grow as far as the host goes. */
const mostLeft = 0.1

/** A run of a memory case. */
export interface GrowthRun {
  readonly ticks: readonly Tick[]
  readonly players: readonly Player[]
  /** By tick, the bytes that the programs of those that grow held. */
  readonly held: readonly (readonly number[])[]
  /** The host before the run. */
  readonly before: View
  /** Index of the last tick in which the programs that grow to the end hold all; undefined: they never did. */
  readonly grown: number | undefined
  readonly hostMemoryReserve: number
  /** Bytes that those who do not grow have to give of their first size, while nobody else frees any. */
  readonly lacking: number
}

/** Judges a case of growing programs by what the guests and the host's books show. */
export async function judgeGrowth(name: string, run: GrowthRun): Promise<CaseResult> {
  const { ticks, players, before, grown, hostMemoryReserve, lacking } = run
  const stats = await Promise.all(players.map(({ guest }) => guest.stat()))
  const lost = players.filter((_, i) => stats[i]!.killed + stats[i]!.oomKills > 0)
  const growing = players.filter(({ role }) => role !== 'idle')
  const names = (list: readonly Player[]) => list.map(({ guest }) => guest.domain)
  const verdict = judgeMemory(ticks, { growing: names(growing), programsLost: names(lost), leastUnused })
  const of = ({ guest }: Player): GuestMemoryVerdict =>
    verdict.guests.find((one) => one.name === guest.domain)!
  const swapped = verdict.guests.reduce((sum, { swappedOut }) => sum + swappedOut, 0)

  const late = players.filter(({ role }) => role === 'late')
  const grew = players.filter(({ role }) => role === 'late' || role === 'equal')
  const early = players.filter(({ role }) => role === 'early')
  const donors = players.filter(({ role }) => role === 'early' || role === 'idle')
  const others = figuresOfOthers(
    before,
    ticks.map(({ view }) => view),
  )
  const whileGrown = grown === undefined ? undefined : ticks[grown]!.view
  /** The least that one had since it wanted nothing any more, until the last had grown. */
  const lowest = ({ guest, freedAt = 0 }: Player) =>
    least(ticks.slice(freedAt, (grown ?? 0) + 1).map(({ view }) => memoryOf(view, guest)?.actual))
  /** What the donors gave to the others of their first size. */
  const given =
    whileGrown &&
    sum(donors.map((donor) => of(donor).firstActual! - (lowest(donor) ?? Number.POSITIVE_INFINITY)))
  const moved = early.map(
    (player) => of(player).highestActual! - (lowest(player) ?? Number.POSITIVE_INFINITY),
  )
  const alike = players.every(({ role }) => role === 'equal') ? likeness(run) : undefined
  const leastIdle = least([verdict.minimumUnused, ...early.map((player) => leastUnusedSince(ticks, player))])

  const broken = [
    ...lost.map(({ guest }) => `${guest.name} lost a program`),
    ...(grown === undefined ? ['the programs never held all that they were to'] : []),
    ...late
      .filter((player) => !of(player).reachedMaximum)
      .map(({ guest }) => `${guest.name} never reached its maximum`),
    ...grew.filter((player) => !of(player).gaveBack).map(({ guest }) => `${guest.name} did not give back`),
    ...(leastIdle !== undefined && leastIdle < leastUnused
      ? [`an idle guest had ${mib(leastIdle)} MiB unused`]
      : []),
    ...(verdict.hostReserveHeld ? [] : ['the host reserve did not hold']),
    ...(swapped > mostSwapped ? [`${mib(swapped)} MiB were swapped out`] : []),
    ...(given !== undefined && given <= 0 && mib(lacking) > others.othersFreedMiB
      ? ['the others gave nothing']
      : []),
    ...early.flatMap((player, i) => {
      const { highestActual = 0, firstActual = 0 } = of(player)
      const wanted = 0.9 * (highestActual - firstActual)
      return whileGrown && moved[i]! < wanted ? [`${player.guest.name} kept what the others needed`] : []
    }),
    ...(alike?.broken ?? []),
  ]
  const all = withExcuse(broken, others)
  return {
    case: name,
    passed: all.length === 0,
    guestsHarmed: verdict.guestsHarmed,
    programsKilled: lost.length,
    swappedOutMiB: mib(swapped),
    minimumUnusedMiB: mibOrNull(leastIdle),
    hostReserveHeld: verdict.hostReserveHeld,
    hostReserveMiB: mib(hostMemoryReserve),
    leastBudgetLeftMiB: mibOrNull(verdict.leastBudgetLeft),
    reachedMaximum: late.length === 0 ? null : late.every((player) => of(player).reachedMaximum),
    gaveBack: grew.every((player) => of(player).gaveBack),
    firstMiB: players.map((player) => mibOrNull(of(player).firstActual)),
    highestMiB: players.map((player) => mibOrNull(of(player).highestActual)),
    lowestMiB: players.map((player) => mibOrNull(of(player).lowestActual)),
    lastMiB: players.map((player) => mibOrNull(of(player).lastActual)),
    ...(whileGrown && {
      grownMiB: players.map(({ guest }) => mibOrNull(memoryOf(whileGrown, guest)?.actual)),
    }),
    ...(given !== undefined && donors.length > 0 && { givenMiB: mib(given), lackingMiB: mib(lacking) }),
    ...alike?.figures,
    ...others,
    changes: verdict.changes,
    emergencies: ticks.filter(({ cause }) => cause === 'emergency').length,
    ticks: ticks.length,
    broken: all,
  }
}

/** Whether these guests have given back nine tenths of what they had grown by. */
export function gaveBack(ticks: readonly Tick[], players: readonly Player[]): boolean {
  const growing = players.map(({ guest }) => guest.domain)
  const { guests } = judgeMemory(ticks, { growing, programsLost: [] })
  return guests.every(({ name, gaveBack }) => gaveBack || !growing.includes(name))
}

/** How alike the guests were while all grew and when they had, and whether they stopped at the host reserve. */
function likeness({ ticks, players, held, before, grown, hostMemoryReserve }: GrowthRun) {
  const until = (grown ?? ticks.length - 1) + 1
  const sizes = ticks
    .slice(0, until)
    .map(({ view }) => players.map(({ guest }) => memoryOf(view, guest)?.actual ?? 0))
  const used = held
    .slice(0, until)
    .map((holds) => players.map(({ guest }, i) => usedBy(before, guest) + (holds[i] ?? 0)))
  const { most, mostOfUse, beyondUse, atEnd } = inequality(sizes, used)
  const room = freeMemory(before) + before.memory.reserve - hostMemoryReserve
  const left = grown === undefined ? undefined : freeMemory(ticks[grown]!.view)
  return {
    figures: {
      mostUnequalPercent: round(most),
      mostUnequalUsePercent: round(mostOfUse),
      unequalBeyondUsePercent: round(beyondUse),
      unequalPercentWhenGrown: grown === undefined ? null : round(atEnd),
      roomMiB: mib(room),
      leftMiB: mibOrNull(left),
    },
    broken: [
      ...(beyondUse > mostUnequal
        ? [`the sizes differed by ${round(beyondUse)} % more than what the programs held`]
        : []),
      ...(left !== undefined && left > mostLeft * room ? [`${mib(left)} MiB were left to grow into`] : []),
    ],
  }
}

/**
 * How unequal guests were, by tick their sizes and what each used, in percent of the largest. Their programs are
 * told to grow alike, and do not: each is an emulated machine that gets on as far as the host lets it. Nor are they
 * resized in the same tick, since their reports come at different times: one that is behind counts with what it has soon. Who uses more is to have
 * more, so that sizes are held against the use of the same tick, or of the one before, which a balloon on its way was asked by.
 */
export function inequality(sizes: readonly (readonly number[])[], used: readonly (readonly number[])[]) {
  const ofSizes = sizes.map((now, i) => {
    const soon = now.map((size, guest) =>
      Math.max(size, ...sizes.slice(i, i + 1 + ticksBehind).map((at) => at[guest]!)),
    )
    return 100 * (1 - Math.min(...soon) / Math.max(...now))
  })
  const ofUse = used.map(unequalPercent)
  const beyond = ofSizes.map((percent, i) => percent - Math.max(ofUse[i] ?? 0, ofUse[i - 1] ?? 0))
  return {
    most: Math.max(...ofSizes),
    mostOfUse: Math.max(...ofUse),
    beyondUse: Math.max(0, ...beyond),
    atEnd: ofSizes.at(-1)!,
  }
}

function unequalPercent(values: readonly number[]): number {
  return 100 * (1 - Math.min(...values) / Math.max(...values))
}

/** Bytes: the least unused memory of a guest since its program freed all, as reported since. */
function leastUnusedSince(ticks: readonly Tick[], { guest, freedAt }: Player): number | undefined {
  if (freedAt === undefined) return undefined
  const wallTime = ticks[freedAt - 1]!.wallTime + ticks[freedAt - 1]!.timing.total + 1_000
  return least(
    ticks.slice(freedAt).map(({ wallTime: now, view }) => {
      const { age, unused } = memoryOf(view, guest)!
      return age !== undefined && now - age > wallTime ? unused : undefined
    }),
  )
}

function least(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined)
  return known.length > 0 ? Math.min(...known) : undefined
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

function round(value: number): number {
  return Number(value.toFixed(1))
}
