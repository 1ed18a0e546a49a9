import { watermark } from '../../../lib/ballooning/index.ts'
import type { Tick } from '../../../lib/control/tick.ts'
import { BallastError } from '../../../lib/host/errors.ts'
import { judgeBalance } from '../../../lib/report/verdict.ts'
import { balance } from '../../../lib/schedulers/index.ts'
import { deviationPercent, isFullSample } from '../../../lib/view/pcpu-loads.ts'
import type { DomainView } from '../../../lib/view/view.ts'
import type { Guest } from '../guest.ts'
import { identify, isAlive, processesIn, signal } from '../processes.ts'
import { type CaseOptions, type CaseResult, Stage, settled } from './case.ts'

const interval = 2_000
/** A tick may come this much late at most, as a multiple of the interval. */
const mostLate = 1.5
const tolerancePercent = 5
/** Milliseconds: a guest reports once a second, is asked once a tick, and its answer may come after the tick. */
const oldest = 2.5 * interval
/** Ticks within which each step of a fault has to be answered. */
const mostTicks = { rest: 8, stuck: 5, balance: 14, back: 2, gone: 3, lost: 5 }

const single = { command: 'loop 8.5 41.5', least: 0.1, most: 0.3 }
const double = 'loop 17 33'

/** Breaks a lab in one way after the other while the controllers run; each ends with its own verdict. */
export async function* faults(options: CaseOptions): AsyncGenerator<CaseResult, void, undefined> {
  await using stage = await Stage.set(options)
  const pcpus = [...stage.host.topology.online]
  const names = Array.from({ length: 2 * pcpus.length }, (_, i) => `aos_vm${i + 1}`)
  const guests = await stage.lab.startAll(names.map((name) => ({ name })))
  await settled(guests, 0, 0.05)
  await Promise.all(guests.map((guest, i) => guest.pin(`${pcpus[i % pcpus.length]}`)))
  await Promise.all(guests.map((guest) => guest.send(single.command)))
  await settled(guests, single.least, single.most)

  yield await stoppedQemu(stage, guests)
  yield await killedQemu(stage, guests)
  // The daemon of qemu:///system is the machine's, not ours.
  if (!options.system) yield await killedDaemon(stage, guests)
}

/**
 * The last guest's QEMU stops (SIGSTOP). Ticks go on in time, the others stay fresh, and when the first guest's load
 * doubles they are balanced anew; the stopped one is reported stuck, and is back soon after it goes on.
 */
async function stoppedQemu(stage: Stage, guests: readonly Guest[]): Promise<CaseResult> {
  const [busy, victim] = [guests[0]!, guests.at(-1)!]
  const ticks: Tick[] = []
  const at: { stopped?: number; stuck?: number; doubled?: number; balanced?: number; continued?: number } = {}
  let back: number | undefined
  try {
    for await (const tick of pilot(stage)) {
      const now = ticks.push(tick)
      const hold = memoryOf(tick, victim)?.hold
      if (at.stopped === undefined) {
        if (!ticks.some(({ view }) => isFullSample(view)) || hold !== undefined) {
          if (now > mostTicks.rest) break
          continue
        }
        victim.freeze(true)
        stage.options.log(`${victim.name} is stopped`)
        at.stopped = now
      } else if (at.stuck === undefined) {
        if (hold === 'stuck') {
          at.stuck = now
          await busy.send(double)
          stage.options.log(`the load of ${busy.name} doubles`)
          at.doubled = now
        } else if (now - at.stopped >= mostTicks.stuck) break
      } else if (at.continued === undefined) {
        const moved = judgeBalance(ticks.slice(at.doubled)).moves > 0
        if (moved && deviationPercent(tick.view) <= tolerancePercent) at.balanced ??= now
        const over = now - at.doubled! >= mostTicks.balance
        // Once balanced, a few more ticks show that it stays so.
        if (!over && (at.balanced === undefined || now - at.balanced < 3)) continue
        victim.freeze(false)
        stage.options.log(`${victim.name} goes on`)
        at.continued = now
      } else {
        if (hold === undefined) back = now - at.continued
        if (back !== undefined || now - at.continued > mostTicks.back) break
      }
    }
  } finally {
    victim.freeze(false)
  }

  const during = ticks.slice(at.stopped, at.continued)
  const sinceStuck = at.stuck === undefined ? [] : ticks.slice(at.stuck - 1, at.continued)
  const stale = staleTicks(during, guests.slice(0, -1))
  const late = lateness(ticks.slice(at.stopped))
  const broken = [
    ...(at.stopped === undefined ? ['the guests did not come to rest before the fault'] : []),
    ...(late > mostLate ? [`a tick came after ${late} intervals`] : []),
    ...(stale > 0 ? [`in ${stale} ticks the others were not fresh`] : []),
    ...(at.stuck === undefined ? [`${victim.name} was never reported stuck`] : []),
    ...(sinceStuck.some((tick) => memoryOf(tick, victim)?.hold !== 'stuck') ? ['it did not stay stuck'] : []),
    ...(at.balanced === undefined ? ['the others were not balanced anew'] : []),
    ...(back === undefined || back > mostTicks.back ? ['it was not back soon after it went on'] : []),
  ]
  const last = during.at(-1)
  return {
    case: 'stopped QEMU',
    passed: broken.length === 0,
    latestTick: late,
    ticksToStuck: difference(at.stuck, at.stopped),
    ticksToBalance: difference(at.balanced, at.doubled),
    moves: judgeBalance(during).moves,
    deviationPercent: last === undefined ? null : round(deviationPercent(last.view)),
    oldestReport: Math.max(...during.flatMap((tick) => ages(tick, guests.slice(0, -1)))),
    ticksToBack: back ?? null,
    broken,
  }
}

/** The last guest's QEMU is killed: it is gone from the View, and nobody else notices. */
async function killedQemu(stage: Stage, guests: readonly Guest[]): Promise<CaseResult> {
  const victim = guests.at(-1)!
  const others = guests.slice(0, -1)
  const ticks: Tick[] = []
  let killedAt: number | undefined
  let gone: number | undefined
  for await (const tick of pilot(stage)) {
    const now = ticks.push(tick)
    if (killedAt === undefined) {
      if (!isFullSample(tick.view) || staleTicks([tick], guests) > 0) {
        if (now > mostTicks.rest) break
        continue
      }
      signal(victim.pid, 'SIGKILL')
      stage.options.log(`${victim.name} is killed`)
      killedAt = now
    } else {
      if (memoryOf(tick, victim) === undefined) gone ??= now - killedAt
      if (now - killedAt > mostTicks.gone) break
    }
  }
  const after = ticks.slice(killedAt)
  const late = lateness(after)
  const stale = staleTicks(after, others)
  const broken = [
    ...(killedAt === undefined ? ['the guests did not come to rest before the fault'] : []),
    ...(late > mostLate ? [`a tick came after ${late} intervals`] : []),
    ...(gone === undefined ? [`${victim.name} was still there`] : []),
    ...(stale > 0 ? [`in ${stale} ticks the others were not fresh`] : []),
  ]
  return {
    case: 'killed QEMU',
    passed: broken.length === 0,
    latestTick: late,
    ticksToGone: gone ?? null,
    broken,
  }
}

/** The libvirtd of the lab is killed: the loop ends with the error that says so, and the guests live on. */
async function killedDaemon(stage: Stage, guests: readonly Guest[]): Promise<CaseResult> {
  const others = guests.slice(0, -1)
  const daemons = (await processesIn(stage.lab.directory)).filter(({ command }) => command[0] === 'libvirtd')
  const runs = await Promise.all(others.map(({ pid }) => identify(pid)))
  let ticks = 0
  let code: string | undefined
  try {
    for await (const _ of pilot(stage)) {
      ticks++
      if (ticks === 2) for (const { pid } of daemons) signal(pid, 'SIGKILL')
      if (ticks > 2 + mostTicks.lost) break
    }
  } catch (error) {
    if (!(error instanceof BallastError)) throw error
    code = error.code
  }
  const alive = await Promise.all(runs.map((run) => run !== undefined && isAlive(run)))
  const broken = [
    ...(code === 'ERR_CONNECTION_LOST' ? [] : [`the loop ended with ${code ?? 'no error'}`]),
    ...(alive.every(Boolean) ? [] : ['a guest did not live on']),
  ]
  return {
    case: 'killed libvirtd',
    passed: broken.length === 0,
    code: code ?? null,
    ticksAfter: ticks - 2,
    broken,
  }
}

function pilot(stage: Stage): AsyncGenerator<Tick, void, undefined> {
  return stage.pilot({ interval, scheduler: balance(), ballooning: watermark() })
}

function domainOf(tick: Tick, guest: Guest): DomainView | undefined {
  return tick.view.domains.find(({ name }) => name === guest.domain)
}

function memoryOf(tick: Tick, guest: Guest): DomainView['memory'] | undefined {
  return domainOf(tick, guest)?.memory
}

/** How many of these ticks do not know what each of these guests does now. */
function staleTicks(ticks: readonly Tick[], guests: readonly Guest[]): number {
  const isFresh = ({ vcpus, memory: { hold, age = Number.POSITIVE_INFINITY } }: DomainView) =>
    vcpus.every(({ usage }) => usage !== undefined) && hold === undefined && age <= oldest
  return ticks.filter((tick) => {
    const domains = guests.flatMap((guest) => domainOf(tick, guest) ?? [])
    return domains.length < guests.length || !domains.every(isFresh)
  }).length
}

function ages(tick: Tick, guests: readonly Guest[]): number[] {
  return guests.map((guest) => Math.round(memoryOf(tick, guest)?.age ?? Number.POSITIVE_INFINITY))
}

/** The longest time between two ticks, in intervals. */
function lateness(ticks: readonly Tick[]): number {
  return round(Math.max(0, ...ticks.map(({ timing }) => timing.period ?? 0)) / interval)
}

function difference(later: number | undefined, earlier: number | undefined): number | null {
  return later === undefined || earlier === undefined ? null : later - earlier
}

function round(value: number): number {
  return Number(value.toFixed(2))
}
