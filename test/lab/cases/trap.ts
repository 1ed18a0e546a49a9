import { usageBased } from '../../../bench/arena/usage-based.ts'
import { balance } from '../../../lib/schedulers/index.ts'
import type { Load } from '../../../lib/simulation/index.ts'
import { judgeBalance } from '../../support/verdict.ts'
import { interval, judge, take, untilSettled, watchedTicks } from './balance-run.ts'
import type { CaseResult, Stage } from './case.ts'
import { disturbanceOf, withExcuse } from './disturbance.ts'
import { start } from './load.ts'
import { recordingOf } from './record.ts'

/** Ticks that the usage-based scheduler is given. */
const tried = 5
/** Milliseconds between them: over longer ones the bursts of other programs weigh less. */
const triedInterval = 3_000
/** Percent of a pCPU that other programs may use meanwhile. */
const undisturbedTry = 10

const spin: Load = { kind: 'spin' }

/**
 * The saturation trap: three that never sleep share pCPU 0, a fourth has pCPU 1 to itself, and both are 100 % busy. First
 * a scheduler that goes by usage has its try, and sees nothing to do; then Ballast, which has to move exactly one.
 */
export async function TRAP(stage: Stage): Promise<CaseResult> {
  const { options } = stage
  const { guests, loads, affinities, pcpus } = await placeTrap(stage)

  const byUsage = stage.pilot({ interval: triedInterval, scheduler: usageBased, ticks: tried })
  const usageBasedTicks = await take(byUsage, (ticks) => ticks.length === tried)
  await byUsage.return()
  const usageBasedMoves = judgeBalance(usageBasedTicks).moves

  const domains = guests.map(({ domain }) => domain)
  const wanted = new Map(domains.map((domain) => [domain, 1]))
  const byDemand = stage.pilot({ interval, scheduler: balance() })
  const ticks = await take(byDemand, untilSettled(wanted, watchedTicks))
  await byDemand.return()
  options.record?.(
    recordingOf({
      name: 'TRAP',
      policy: 'balance',
      stage,
      loads,
      domains,
      affinities,
      alone: () => 1,
      ticks,
    }),
  )

  const judged = judge(ticks, wanted)
  // Where others take part of a pCPU, its guests' usage shows it, and usage is no trap any more.
  const disturbed = judged.figures.disturbed || disturbanceOf(usageBasedTicks).othersPercent > undisturbedTry
  const figures = { ...judged.figures, disturbed }
  const all = withExcuse(
    [
      ...judged.broken,
      ...(figures.moves === 1 ? [] : [`moves: ${figures.moves}, wanted 1`]),
      ...(usageBasedMoves === 0 ? [] : [`the usage-based scheduler moved ${usageBasedMoves}`]),
    ],
    figures,
  )
  return {
    case: 'TRAP',
    passed: all.length === 0,
    ...figures,
    usageBasedMoves,
    guests: guests.length,
    pcpus: pcpus.length,
    broken: all,
  }
}

/** Guests that never sleep: three on the first pCPU and one on the second, each of which takes all of one alone. */
export async function placeTrap(stage: Stage) {
  const pcpus = [...stage.host.topology.online].slice(0, 2)
  if (pcpus.length < 2) throw new Error('With a single pCPU there is nothing to balance')
  const guests = await stage.guests(4)
  const affinities = guests.map((_, i) => `${pcpus[i < 3 ? 0 : 1]}`)
  await Promise.all(guests.map((guest, i) => guest.pin(affinities[i]!)))
  const loads = guests.map(() => spin)
  await start(guests, loads)
  return { guests, loads, affinities, pcpus, alone: guests.map(() => 1) }
}
