import type { Tick } from '../../../lib/control/tick.ts'
import { balance } from '../../../lib/schedulers/index.ts'
import type { Load } from '../../../lib/simulation/index.ts'
import { mean } from '../../../lib/util/statistics.ts'
import { judgeBalance } from '../../support/verdict.ts'
import { interval, take } from './balance-run.ts'
import type { CaseResult, Stage } from './case.ts'
import { disturbanceOf, withExcuse } from './disturbance.ts'
import { start } from './load.ts'

const spin: Load = { kind: 'spin' }
/** Microseconds: a quarter of a pCPU. */
const quota = 25_000
const period = 100_000
const allowed = quota / period
/** By guest: index of its pCPU, and whether it is under the quota. */
const crowd = [
  { place: 0, limited: true },
  { place: 0, limited: true },
  { place: 0, limited: true },
  { place: 1, limited: true },
  { place: 1, limited: false },
  { place: 1, limited: false },
] as const
const wantedMoves = 2
/** Ticks that are looked at before anything may be moved and once it was, and within which it has to be. */
const watched = { before: 8, after: 10, most: 12 }
/** Ticks of them whose usage counts: in the first ones much is new. */
const counted = 5
/** Points of a pCPU that a demand may be off. */
const mostError = 10
/** The part of what is due to a guest that it has to get in the end. */
const leastServed = 0.9

/**
 * Guests under a CPU quota, which the kernel counts as waiting while their quota holds them back. Three of a quarter of a pCPU
 * share pCPU 0, which is idle for a quarter of the time; a fourth shares pCPU 1 with two that are not limited and
 * get 37 % each. To the counters all six want a whole pCPU, three on each. Two moves give all what they may have.
 */
export async function QUOTA(stage: Stage): Promise<CaseResult> {
  const pcpus = [...stage.host.topology.online].slice(0, 2)
  if (pcpus.length < 2) throw new Error('With a single pCPU there is nothing to balance')
  const guests = await stage.guests(crowd.length)
  await Promise.all(guests.map((guest, i) => guest.pin(`${pcpus[crowd[i]!.place]}`)))
  await Promise.all(guests.map((guest) => guest.limit(undefined)))
  await start(
    guests,
    guests.map(() => spin),
  )
  await Promise.all(guests.map((guest, i) => guest.limit(crowd[i]!.limited ? { quota, period } : undefined)))
  try {
    const watching = stage.watch({ interval, ticks: watched.before })
    const before = await take(watching, (ticks) => ticks.length === watched.before)
    const pilot = stage.pilot({ interval, scheduler: balance() })
    const ticks = await take(pilot, (all) => isOver(all))
    await pilot.return()

    const domains = guests.map(({ domain }) => domain)
    const served = { before: servedOf(before, domains), after: servedOf(ticks, domains) }
    const last = ticks.at(-1)!
    const errors = domains.map((domain, i) => {
      const vcpu = last.view.vcpus.find((one) => one.domain.name === domain)
      return 100 * Math.abs((vcpu?.demand ?? 0) - (crowd[i]!.limited ? allowed : 1))
    })
    const throttled = last.view.vcpus.map(({ throttled }) => throttled)
    const { moves } = judgeBalance(ticks)
    const disturbance = disturbanceOf([...before, ...ticks])
    const figures = {
      moves,
      demandErrorPoints: Number(Math.max(...errors).toFixed(1)),
      worstServedBeforePercent: percent(Math.min(...served.before)),
      worstServedAfterPercent: percent(Math.min(...served.after)),
      usageBeforePercent: usageOf(before, domains).map(percent),
      usageAfterPercent: usageOf(ticks, domains).map(percent),
      throttledPercent: throttled.map((part) => (part === undefined ? null : percent(part))),
    }
    const broken = withExcuse(
      [
        ...(moves === wantedMoves ? [] : [`moves: ${moves}, wanted ${wantedMoves}`]),
        ...(figures.demandErrorPoints > mostError
          ? [`demand is off by ${figures.demandErrorPoints} points, limit ${mostError}`]
          : []),
        ...(throttled.includes(undefined) ? ['for how long quotas held guests back is not known'] : []),
        ...(Math.min(...served.after) < leastServed
          ? [
              `worst served: ${figures.worstServedAfterPercent} % of what is due, wanted ${percent(leastServed)} %`,
            ]
          : []),
      ],
      disturbance,
    )
    return { case: 'QUOTA', passed: broken.length === 0, ...figures, ...disturbance, broken }
  } finally {
    await Promise.all(guests.map((guest) => guest.limit(undefined)))
  }
}

/** Over some ticks after the last move, or when none came in time. */
function isOver(ticks: readonly Tick[]): boolean {
  const last = ticks.findLastIndex(({ outcomes }) => outcomes.length > 0)
  return last < 0 ? ticks.length >= watched.most : ticks.length - 1 - last >= watched.after
}

/**
 * What each guest got in the last ticks of what is due to it, where what other programs left of two pCPUs is divided among
 * all as evenly as quotas allow.
 */
function servedOf(ticks: readonly Tick[], domains: readonly string[]): number[] {
  const limited = crowd.filter((one) => one.limited).length
  const others = disturbanceOf(ticks.slice(-counted)).othersPercent / 100
  const rest = (2 - others - limited * allowed) / (crowd.length - limited)
  return usageOf(ticks, domains).map((usage, i) => usage / (crowd[i]!.limited ? allowed : rest))
}

function usageOf(ticks: readonly Tick[], domains: readonly string[]): number[] {
  return domains.map((domain) =>
    mean(
      ticks.slice(-counted).flatMap(({ view }) => {
        return view.vcpus.find((vcpu) => vcpu.domain.name === domain)?.usage ?? []
      }),
    ),
  )
}

function percent(fraction: number): number {
  return Number((100 * fraction).toFixed(1))
}
