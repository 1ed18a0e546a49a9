import type { Tick } from '../../../lib/control/tick.ts'
import { balance } from '../../../lib/schedulers/index.ts'
import type { Load } from '../../../lib/simulation/index.ts'
import { placeOf } from '../../../lib/view/cpu/placement.ts'
import type { Guest } from '../guest.ts'
import {
  briefTicks,
  interval,
  judge,
  mostTicksToBalance,
  take,
  untilSettled,
  watchedTicks,
} from './balance-run.ts'
import type { Case, CaseOptions, CaseResult, Stage } from './case.ts'
import { withExcuse } from './disturbance.ts'
import { calibrate, commandOf, start } from './load.ts'
import { recordingOf } from './record.ts'
import type { Wanted } from './truth.ts'

/** Ticks within which a scheduler that was at rest has to answer a change. */
const mostTicksToWake = 8
/** Ticks of balance before the load of A7 changes. */
const ticksBeforeChange = 5
/** Ticks for which the kernel is hardly ever so lucky as to keep free guests level. */
const luck = 200

/** Light enough for eight guests on two pCPUs: far more than one has, with room left on two. */
const equal: Load = { kind: 'loop', work: 8.5, sleep: 41.5 }
/** The classic 42 % and 14 %: one of each per pCPU is what two can carry. */
const heavy: Load = { kind: 'loop', work: 21, sleep: 29 }
const light: Load = { kind: 'loop', work: 7, sleep: 43 }
/** What those of A7 do, and what half of them turn to. */
const lighter: Load = { kind: 'loop', work: 4, sleep: 46 }
const heavier: Load = { kind: 'loop', work: 12.5, sleep: 37.5 }
const idle: Load = { kind: 'idle' }

/** A case of eight guests, or as many as give each pCPU the same number. */
interface Crowd {
  readonly name: string
  /** How many guests each pCPU gets; default: as many as make eight. */
  readonly each?: number
  /** Index of the pCPU that a guest is pinned to at the start. */
  readonly place: (guest: number, size: Size) => number | 'any'
  readonly load: (guest: number) => Load
  /** What is done once it was balanced, and has to be answered. Given where the guests are. */
  readonly turn?: Turn
}

interface Size {
  readonly guests: number
  readonly pcpus: number
}

/** A change of loads that the scheduler has to answer. */
interface Turn {
  /** `wake`: by anything at all; `balance`: as well as what came before it. */
  readonly expects: 'wake' | 'balance'
  /** What the guests on this pCPU, by its index, do from then on. */
  readonly load: (place: number, size: Size) => Load
}

/** So that a scheduler that sleeps is not taken for one that rests: all guests of one pCPU fall idle. */
const onePcpuFallsIdle: Turn = {
  expects: 'wake',
  load: (place, { pcpus }) => (place === pcpus - 1 ? idle : equal),
}

const crowds: readonly Crowd[] = [
  { name: 'A1', place: () => 0, load: () => equal },
  {
    name: 'A2',
    place: (guest, { guests, pcpus }) => (guest < guests / 2 ? 0 : pcpus - 1),
    load: () => equal,
    turn: onePcpuFallsIdle,
  },
  {
    name: 'A3',
    place: (guest, { pcpus }) => guest % pcpus,
    load: () => equal,
    turn: onePcpuFallsIdle,
  },
  { name: 'A4', place: () => 'any', load: () => equal },
  { name: 'A5', each: 2, place: () => 'any', load: (guest) => (guest % 2 === 0 ? heavy : light) },
  {
    name: 'A6',
    place: (guest, { pcpus }) => guest % pcpus,
    load: () => idle,
    turn: { expects: 'wake', load: (place) => (place === 0 ? equal : idle) },
  },
  {
    name: 'A7',
    place: () => 'any',
    load: () => lighter,
    // Those that share pCPUs, so that there is something to balance.
    turn: { expects: 'balance', load: (place, { pcpus }) => (place < pcpus / 2 ? heavier : lighter) },
  },
]

/** The classic cases by name. */
export const classic: Readonly<Record<string, Case>> = Object.fromEntries(
  crowds.map((crowd) => [crowd.name, (stage) => run(crowd, stage)]),
)

/** Guests in their places, with their loads running. */
interface Placed {
  readonly guests: readonly Guest[]
  readonly loads: readonly Load[]
  readonly places: readonly (number | 'any')[]
  readonly affinities: readonly string[]
  readonly size: Size
  /** Fraction of one pCPU that a load takes alone. */
  readonly alone: (load: Load) => number
}

/** Puts the guests of A1 in their places, all on one pCPU, and begins their loads. */
export const placeA1 = (stage: Stage): Promise<Placed> => placeCrowd(crowds[0]!, stage)

/** Guests of a classic case in their places with their loads, and the part of a pCPU that each takes alone. */
export async function placeCase(
  stage: Stage,
  name: string,
): Promise<{ readonly guests: readonly Guest[]; readonly alone: readonly number[] }> {
  const { guests, loads, alone } = await placeCrowd(crowds.find((crowd) => crowd.name === name)!, stage)
  return { guests, alone: loads.map(alone) }
}

/** What the guests of A7 turn to, given the index of the pCPU that each is on, and what of a pCPU each takes alone then. */
export async function turnOf(
  stage: Stage,
  guests: readonly Guest[],
  places: readonly number[],
): Promise<{ readonly loads: readonly Load[]; readonly alone: readonly number[] }> {
  const { turn } = crowds.find(({ name }) => name === 'A7')!
  const size = { guests: guests.length, pcpus: stage.host.topology.online.size }
  const loads = places.map((place) => turn!.load(place, size))
  // All of them were measured when the case was set up.
  const alone = await calibrate(stage.lab, guests, [])
  return { loads, alone: loads.map(alone) }
}

async function placeCrowd(crowd: Crowd, stage: Stage): Promise<Placed> {
  const pcpus = [...stage.host.topology.online]
  if (pcpus.length < 2) throw new Error('With a single pCPU there is nothing to balance')
  const each = crowd.each ?? Math.max(2, Math.ceil(8 / pcpus.length))
  const size = { guests: each * pcpus.length, pcpus: pcpus.length }
  const guests = await stage.guests(size.guests)
  const loads = guests.map((_, i) => crowd.load(i))
  const later = crowd.turn ? pcpus.map((_, i) => crowd.turn!.load(i, size)) : []
  const alone = await calibrate(stage.lab, guests, [...loads, ...later])

  // They boot free and are pinned then: all on one pCPU they would take minutes.
  const places = guests.map((_, i) => crowd.place(i, size))
  const affinities = places.map((place) => `${place === 'any' ? stage.host.topology.online : pcpus[place]}`)
  await Promise.all(guests.map((guest, i) => guest.pin(affinities[i]!)))
  await start(guests, loads)
  return { guests, loads, places, affinities, size, alone }
}

async function run(crowd: Crowd, stage: Stage): Promise<CaseResult> {
  const { options } = stage
  const { guests, loads, places, affinities, size, alone } = await placeCrowd(crowd, stage)
  const pcpus = [...stage.host.topology.online]
  const wantedBy = (loads: readonly Load[]): Wanted =>
    new Map(guests.map(({ domain }, i) => [domain, alone(loads[i]!)]))

  const watched = ticksBefore(crowd, options)
  const pilot = stage.pilot({ interval, scheduler: balance() })
  try {
    const wanted = wantedBy(loads)
    // Without a policy nobody moves those that are pinned: what is late will not come.
    const overdue = options.off && !places.includes('any') ? mostTicksToBalance : undefined
    const ticks = await take(pilot, untilSettled(wanted, watched, overdue))
    const { figures, broken } = judge(ticks, wanted, watched)
    // What is balanced is left as it is: no vCPU is pinned where it is already, either.
    const isPinned = figures.movesMinimum === 0 && !places.includes('any') && figures.pins > 0
    const before = isPinned ? [...broken, `pins: ${figures.pins}, limit 0`] : broken
    const domains = guests.map(({ domain }) => domain)
    options.record?.(
      recordingOf({ name: crowd.name, policy: 'balance', stage, loads, domains, affinities, alone, ticks }),
    )

    const turn = crowd.turn && before.length === 0 ? crowd.turn : undefined
    const now = turn && (await change(turn, { guests, loads, pcpus, size, last: ticks.at(-1)!, options }))
    const after = now && (await answered(turn, pilot, wantedBy(now)))
    const all = withExcuse([...before, ...(after?.broken ?? [])], { ...figures, ...after?.figures })
    return {
      case: crowd.name,
      passed: all.length === 0,
      ...figures,
      ...after?.figures,
      ...(turn?.expects === 'balance' && { beforeChange: figures }),
      ...size,
      broken: all,
    }
  } finally {
    await pilot.return()
  }
}

/**
 * For how many ticks after balance the host is watched, before the change if there is one. Without a policy pinned
 * guests have nothing to show for it, and free ones longer than the kernel keeps them level by luck.
 */
function ticksBefore({ turn }: Crowd, { off, brief }: CaseOptions): number {
  if (off) return turn?.expects === 'wake' ? 1 : luck
  if (turn?.expects === 'balance') return ticksBeforeChange
  return brief ? briefTicks : watchedTicks
}

/** Gives the guests their new loads; returns all. */
async function change(
  turn: Turn,
  at: {
    readonly guests: readonly Guest[]
    readonly loads: readonly Load[]
    readonly pcpus: readonly number[]
    readonly size: Size
    readonly last: Tick
    readonly options: CaseOptions
  },
): Promise<Load[]> {
  const loads = at.guests.map(({ domain }) => {
    const vcpu = at.last.view.vcpus.find((vcpu) => vcpu.domain.name === domain)
    return turn.load(at.pcpus.indexOf((vcpu && placeOf(vcpu)) ?? -1), at.size)
  })
  const changing = at.guests.flatMap((guest, i) =>
    loads[i] === at.loads[i] ? [] : { guest, load: loads[i]! },
  )
  await Promise.all(changing.map(({ guest, load }) => guest.send(commandOf(load))))
  at.options.log(changing.map(({ guest, load }) => `${guest.name}: ${commandOf(load)}`).join(', '))
  return loads
}

/** Judges how a change was answered. */
async function answered(turn: Turn | undefined, pilot: AsyncIterator<Tick>, wanted: Wanted) {
  if (turn?.expects === 'balance') return judge(await take(pilot, untilSettled(wanted, watchedTicks)), wanted)
  const isAwake = ({ outcomes }: Tick) => outcomes.some(({ status }) => status === 'applied')
  const ticks = await take(pilot, (ticks) => ticks.some(isAwake) || ticks.length >= mostTicksToWake)
  const isAsleep = !ticks.some(isAwake)
  return {
    figures: { ticksToWake: isAsleep ? null : ticks.length },
    broken: isAsleep ? ['it did nothing when the load of one pCPU changed'] : [],
  }
}
