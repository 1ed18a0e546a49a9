import type { Tick } from '../../../lib/control/tick.ts'
import { fewestMovesOfEqualLoads, judgeBalance } from '../../../lib/report/verdict.ts'
import { balance } from '../../../lib/schedulers/index.ts'
import { isFullSample } from '../../../lib/view/pcpu-loads.ts'
import type { Guest } from '../guest.ts'
import { type CaseOptions, type CaseResult, Stage, settled } from './case.ts'

const interval = 2_000
/** Ticks that are watched after balance; nothing may move in them. */
const watched = 20
const mostTicksToBalance = 3
/** Fraction of one pCPU that other programs may use on average before a run counts as disturbed: our own take less. */
const undisturbed = 0.4
/** Ticks within which a scheduler that was at rest has to answer a change. */
const mostTicksToWake = 8

/**
 * The classic closed loop: alone it takes about 17 % of a pCPU. Eight of them are far more than one pCPU
 * has and leave room on two for what else runs there.
 */
const load = { command: 'loop 8.5 41.5', least: 0.1, most: 0.3 }

/** All guests on pCPU 0, equal load: two per pCPU of four, or four of two. */
export async function A1(options: CaseOptions): Promise<CaseResult> {
  await using stage = await Stage.set(options)
  const { guests, pcpus } = await crowd(stage, () => 0)
  await Promise.all(guests.map((guest) => guest.send(load.command)))
  await settled(guests, load.least, load.most)

  const ticks = await watch(stage)
  const { passed, figures, broken } = judge(ticks)
  return { case: 'A1', passed, ...figures, guests: guests.length, pcpus: pcpus.length, broken }
}

/**
 * As many guests on each pCPU, equal load: no pin at all. Then, so that a scheduler that sleeps is not taken for
 * one that rests, all guests of one pCPU fall idle, and it has to move others there.
 */
export async function A3(options: CaseOptions): Promise<CaseResult> {
  await using stage = await Stage.set(options)
  const { guests, pcpus } = await crowd(stage, (index, count) => index % count)
  await Promise.all(guests.map((guest) => guest.send(load.command)))
  await settled(guests, load.least, load.most)

  const ticks: Tick[] = []
  const resting = 1 + mostTicksToBalance + watched
  let idleFrom = Number.POSITIVE_INFINITY
  let wokeAt: number | undefined
  for await (const tick of stage.pilot({ interval, scheduler: balance() })) {
    ticks.push(tick)
    if (ticks.length === resting) {
      const idle = guests.filter((_, i) => i % pcpus.length === pcpus.length - 1)
      await Promise.all(idle.map((guest) => guest.send('idle')))
      options.log(`${idle.map(({ name }) => name).join(', ')} fall idle`)
      idleFrom = ticks.length
    }
    if (ticks.length > idleFrom && tick.outcomes.some(({ status }) => status === 'applied'))
      wokeAt = ticks.length
    if (wokeAt !== undefined || ticks.length >= resting + mostTicksToWake) break
  }

  const { figures, broken } = judge(ticks.slice(0, resting))
  const asleep = wokeAt === undefined ? ['it did nothing when one pCPU fell idle'] : []
  const all = [...broken, ...asleep]
  return {
    case: 'A3',
    passed: all.length === 0,
    ...figures,
    ticksToWake: wokeAt === undefined ? null : wokeAt - resting,
    guests: guests.length,
    pcpus: pcpus.length,
    broken: all,
  }
}

/** Eight guests, or as many as give each pCPU the same number, placed by their index. */
async function crowd(
  stage: Stage,
  place: (index: number, pcpus: number) => number,
): Promise<{ guests: Guest[]; pcpus: number[] }> {
  const pcpus = [...stage.host.topology.online]
  if (pcpus.length < 2) throw new Error('With a single pCPU there is nothing to balance')
  const each = Math.max(2, Math.ceil(8 / pcpus.length))
  const names = Array.from({ length: each * pcpus.length }, (_, i) => `aos_vm${i + 1}`)
  const guests = await stage.lab.startAll(names.map((name) => ({ name })))
  // They boot free and are pinned then: all on one pCPU they would take minutes.
  await settled(guests, 0, 0.05)
  await Promise.all(guests.map((guest, i) => guest.pin(`${pcpus[place(i, pcpus.length)]}`)))
  return { guests, pcpus }
}

/** Until nothing has moved for long enough after balance, or balance is long overdue. */
async function watch(stage: Stage): Promise<Tick[]> {
  const ticks: Tick[] = []
  for await (const tick of stage.pilot({ interval, scheduler: balance() })) {
    ticks.push(tick)
    const since = ticks.length - 1 - ticks.findIndex(({ view }) => isFullSample(view))
    const { ticksToBalance, ticksAfterBalance } = judgeBalance(ticks)
    if (ticksToBalance === undefined ? since >= 3 * mostTicksToBalance : ticksAfterBalance >= watched) break
  }
  return ticks
}

/** Fraction of one pCPU that was used by others than the guests' vCPUs, on average. */
function usedByOthers(ticks: readonly Tick[]): number {
  const full = ticks.filter(({ view }) => isFullSample(view))
  const others = full.map(({ view: { pcpus, vcpus } }) => {
    const busy = pcpus.reduce((sum, pcpu) => sum + (pcpu.busy ?? 0), 0)
    return busy - vcpus.reduce((sum, vcpu) => sum + (vcpu.usage ?? 0), 0)
  })
  return others.reduce((sum, here) => sum + here, 0) / Math.max(1, full.length)
}

function judge(ticks: readonly Tick[]) {
  const first = ticks.find(({ view }) => isFullSample(view))
  const movesMinimum = first ? fewestMovesOfEqualLoads(first.view) : 0
  const verdict = judgeBalance(ticks, {
    limits: {
      ticksToBalance: mostTicksToBalance,
      moves: movesMinimum,
      movesAfterBalance: 0,
      ticksAfterBalance: watched,
      // What is balanced is left as it is: no vCPU is pinned where it is already, either.
      ...(movesMinimum === 0 && { pins: 0 }),
    },
  })
  const others = usedByOthers(ticks)
  const disturbed = others > undisturbed
  const figures = {
    ticksToBalance: verdict.ticksToBalance ?? null,
    moves: verdict.moves,
    movesMinimum,
    movesAfterBalance: verdict.movesAfterBalance,
    pins: verdict.pins,
    ticksAfterBalance: verdict.ticksAfterBalance,
    deviationPercent:
      verdict.deviationPercent === undefined ? null : Number(verdict.deviationPercent.toFixed(2)),
    othersPercent: Math.round(100 * others),
    disturbed,
  }
  const unfair = `the machine's other programs used ${figures.othersPercent} % of a pCPU meanwhile`
  const broken = verdict.passed || !disturbed ? verdict.broken : [...verdict.broken, unfair]
  return { passed: verdict.passed, figures, broken }
}
