import { shares } from '../../../lib/ballooning/index.ts'
import { statsPeriodSeconds } from '../../../lib/control/domain/stats-period.ts'
import type { Tick } from '../../../lib/control/tick.ts'
import { MiB } from '../../../lib/util/units.ts'
import { judgeMemory } from '../../support/verdict.ts'
import type { Guest, GuestStat } from '../guest.ts'
import { until } from '../processes.ts'
import type { CaseResult, Stage } from './case.ts'
import { memoryOf, mib, mibOrNull, sizes } from './memory-host.ts'

const interval = 4_000
const period = 1_000 * statsPeriodSeconds(interval)
const start = 256 * MiB
/** More than all that the program will hold, with what a kernel needs beside it: no maximum is to be what it lacks. */
const maximum = 1_280 * MiB
/** What the program holds, and what of it it writes anew in each second. */
const held = 400 * MiB
const touchedMiB = 40
/** What it takes at once when it has been helped: more than it was given to spare. */
const more = 400 * MiB
/** Statistics periods within which it has to be helped, where timers are in time. */
const mostPeriods = 2
/** Waits in that time, each as late at most as the timers of the control measurement: report, sample, decision, request. */
const waitsOfHelp = 4
/** Ticks without swapping that show that it is over, the same in a brief run, and ticks after which it is judged as it is. */
const quiet = 4
const briefQuiet = 2
const mostTicks = 15
const leastUnused = 100 * MiB

/**
 * Three guests, of which the first has a disk to swap on and a balloon so small that half of its program is swapped out, and
 * works on all of it. Ballast has to help from the first report on. Then the program takes as much again
 * at once, just after a beat, and has to be helped before the next one.
 */
export async function SQUEEZE(stage: Stage): Promise<CaseResult> {
  const { options } = stage
  const [dwarf, ...neighbours] = (await left(stage)) ?? (await squeezed(stage))
  const before = await dwarf.stat()
  options.log(`${dwarf.name} has ${mib(before.swapUsed)} MiB swapped out`)

  // Without a policy nothing can come any more once it is too late.
  const most = options.off ? mostPeriods + 2 : mostTicks
  const beats = options.brief ? briefQuiet : quiet
  const ticks: Tick[] = []
  /** Index of the first tick in which more is held. */
  let burst: number | undefined
  for await (const tick of stage.pilot({ interval, ballooning: shares() })) {
    const now = ticks.push(tick)
    const memory = memoryOf(tick.view, dwarf)
    options.log(`  ${sizes(tick.view)}; ${mib(memory?.swappedOut ?? 0)} MiB swapped out`)
    const isQuiet = isAtRest(ticks.slice(burst), dwarf, beats)
    if (isQuiet && burst === undefined && tick.cause === 'interval') {
      await dwarf.send(`mem +${mib(more)}`)
      burst = now
    } else if (isQuiet || now >= (burst ?? 0) + most) break
  }

  const first = helpOf(ticks.slice(0, burst), ticks[0]!.wallTime, dwarf, held)
  const second =
    burst === undefined ? undefined : helpOf(ticks.slice(burst), endOf(ticks[burst - 1]!), dwarf, held + more)
  const stats = await Promise.all([dwarf, ...neighbours].map((guest) => guest.stat()))
  const lost = [dwarf, ...neighbours].filter((_, i) => stats[i]!.killed + stats[i]!.oomKills > 0)
  const verdict = judgeMemory(ticks, {
    growing: [dwarf.domain],
    programsLost: lost.map(({ domain }) => domain),
    leastUnused,
  })
  const emergencies = ticks.filter(({ cause }) => cause === 'emergency').length
  const { timerLate } = await stage.control.between(ticks[0]!.wallTime, endOf(ticks.at(-1)!))
  const limit = mostPeriods + (waitsOfHelp * timerLate) / period
  const isOver = burst !== undefined && isAtRest(ticks.slice(burst), dwarf, beats)
  const broken = [
    ...lost.map(({ name }) => `${name} lost a program`),
    ...tooLate('at the start', first, limit),
    ...(second === undefined ? ['it went on swapping'] : tooLate('when it took more', second, limit)),
    ...(second && !isOver ? ['it went on swapping after it took more'] : []),
    ...((verdict.minimumUnused ?? 0) >= leastUnused ? [] : ['a neighbour had too little']),
    ...(verdict.hostReserveHeld ? [] : ['the host reserve did not hold']),
  ]
  return {
    case: 'SQUEEZE',
    passed: broken.length === 0,
    periodsToHelp: first.periods,
    periodsSinceFirstTick: first.sinceFirst,
    helpedBy: first.cause,
    periodsToHelpMore: second?.periods ?? null,
    periodsSinceItTookMore: second?.sinceFirst ?? null,
    helpedMoreBy: second?.cause ?? null,
    emergencies,
    programsKilled: lost.length,
    swappedAtStartMiB: mib(before.swapUsed),
    swappedAtEndMiB: mib(stats[0]!.swapUsed),
    sizesMiB: [
      mib(start),
      mibOrNull(burst === undefined ? undefined : memoryOf(ticks[burst - 1]!.view, dwarf)?.actual),
      mibOrNull(memoryOf(ticks.at(-1)!.view, dwarf)?.actual),
    ],
    minimumUnusedMiB: mibOrNull(verdict.minimumUnused),
    hostReserveHeld: verdict.hostReserveHeld,
    mostPeriodsToHelp: Number(limit.toFixed(2)),
    statisticsPeriodSeconds: period / 1_000,
    changes: verdict.changes,
    ticks: ticks.length,
    broken,
  }
}

/** The guest with the program, and its neighbours. */
type Guests = readonly [Guest, Guest, Guest]

const comfortable = { memoryMiB: 512, maximumMiB: mib(maximum) }
const definitions = [
  { name: 'aos_vm1', memoryMiB: mib(start), maximumMiB: mib(maximum), swapMiB: mib(maximum) },
  { name: 'aos_vm2', ...comfortable },
  { name: 'aos_vm3', ...comfortable },
]

/** New guests, of which the first is short of memory. */
async function squeezed(stage: Stage): Promise<Guests> {
  const guests = (await stage.fresh(definitions)) as unknown as Guests
  const [dwarf] = guests
  await until('its balloon is as small as it is to be', 60_000, async () => {
    const { total } = await dwarf.stat()
    return total <= start
  })
  await dwarf.send(`mem +${mib(held)}`)
  await until('its program holds all', 300_000, async () => (await dwarf.stat()).held >= held)
  await dwarf.send(`touch ${touchedMiB}`)
  return guests
}

/** The guests of a run without a policy, as it left them: nothing has helped them. Undefined where others are there. */
async function left({ lab }: Stage): Promise<Guests | undefined> {
  const names = definitions.map(({ name }) => name)
  if ((await lab.guests()).join() !== names.join()) return undefined
  const guests = await Promise.all(names.map((name) => lab.guest(name)))
  const stats = await Promise.all(guests.map((guest) => guest.stat()))
  const [{ total, held: holds }] = stats as [GuestStat]
  const isUnchanged =
    total <= start && holds >= held && stats.every((stat) => stat.killed + stat.oomKills === 0)
  return isUnchanged ? (guests as unknown as Guests) : undefined
}

/** Milliseconds since the epoch. */
function endOf({ wallTime, timing }: Tick): number {
  return wallTime + timing.total
}

/** How a guest whose program holds `held` bytes was helped. */
interface Help {
  /** Statistics periods from the first tick that shows what its guest needs; null: never. */
  readonly periods: number | null
  /** The same from `since` on. */
  readonly sinceFirst: number | null
  /** Why there was a turn then. */
  readonly cause: Tick['cause'] | null
}

/** From the first tick that shows it short, and from `since`, to the request for a balloon that its program fits in. */
function helpOf(ticks: readonly Tick[], since: number, guest: Guest, held: number): Help {
  const seen = ticks.find(({ view }) => {
    const { need, actual } = memoryOf(view, guest)!
    return need !== undefined && need.total > actual! - leastUnused
  })
  const helped = ticks.find(({ outcomes, view }) => {
    const { uuid } = view.domains.find(({ name }) => name === guest.domain)!
    return outcomes.some(({ action, status }) => {
      return (
        action.kind === 'setMemory' && action.uuid === uuid && status === 'applied' && action.bytes > held
      )
    })
  })
  if (!seen || !helped) return { periods: null, sinceFirst: null, cause: null }
  const periods = (from: number) => {
    return Number(((endOf(helped) - from) / period).toFixed(2))
  }
  return { periods: periods(seen.wallTime), sinceFirst: periods(since), cause: helped.cause }
}

function tooLate(when: string, { periods }: Help, limit: number): string[] {
  if (periods === null) return [`it was not helped ${when}`]
  const words = `it was helped after ${periods} statistics periods ${when}, limit ${limit.toFixed(2)}`
  return periods > limit ? [words] : []
}

/** Whether a guest has been seen not to swap, with memory to spare, in each of so many beats at the end. */
function isAtRest(ticks: readonly Tick[], guest: Guest, count: number): boolean {
  const beats = ticks.filter(({ cause }) => cause === 'interval').slice(-count)
  return (
    beats.length === count &&
    beats.every(({ view }) => {
      const { hold, swappedOut, usable } = memoryOf(view, guest)!
      return hold === undefined && swappedOut === 0 && usable! >= leastUnused
    })
  )
}
