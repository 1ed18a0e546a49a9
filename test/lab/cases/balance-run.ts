import type { Tick } from '../../../lib/control/tick.ts'
import { judgeBalance } from '../../../lib/report/verdict.ts'
import { isFullSample } from '../../../lib/view/pcpu-loads.ts'
import { fewestMovesFrom, settlingOf, tolerance, type Wanted } from './truth.ts'

/** Milliseconds between ticks. */
export const interval = 1_000
/** Ticks that are watched after balance; nothing may move in them. */
export const watchedTicks = 30
const mostTicksToBalance = 3
/** Ticks after which nothing is waited for any more: for balance, and for the first full sample. */
const longOverdue = 3 * mostTicksToBalance
const mostTicksToBegin = 10
/** Fraction of one pCPU that other programs may use on average before a run counts as disturbed: our own take less. */
const undisturbed = 0.4

/** Takes ticks until `isOver` says so of all that were taken. */
export async function take(
  pilot: AsyncIterator<Tick>,
  isOver: (ticks: readonly Tick[]) => boolean,
): Promise<Tick[]> {
  const ticks: Tick[] = []
  for (;;) {
    const { value, done } = await pilot.next()
    if (done) throw new Error('The controllers ended by themselves')
    ticks.push(value)
    if (isOver(ticks)) return ticks
  }
}

/** Over when the host has been balanced for long enough, or balance is long overdue. */
export function untilSettled(wanted: Wanted, watched: number): (ticks: readonly Tick[]) => boolean {
  return (ticks) => {
    const { first, ticksLevelAtFirst, ticksToBalance, ticksAfterBalance } = settlingOf(ticks, wanted)
    if (first < 0) return ticks.length > mostTicksToBegin
    const passed = ticks.length - 1 - first - ticksLevelAtFirst
    return (ticksToBalance ?? passed) > longOverdue || ticksAfterBalance >= watched
  }
}

/** What others than the guests' vCPUs used on average, in percent of one pCPU, and whether that is too much. */
export function figuresOfOthers(ticks: readonly Tick[]): { othersPercent: number; disturbed: boolean } {
  const full = ticks.filter(({ view }) => isFullSample(view))
  const others = full.map(({ view: { pcpus, vcpus } }) => {
    const busy = pcpus.reduce((sum, pcpu) => sum + (pcpu.busy ?? 0), 0)
    return busy - vcpus.reduce((sum, vcpu) => sum + (vcpu.usage ?? 0), 0)
  })
  const mean = others.reduce((sum, here) => sum + here, 0) / Math.max(1, full.length)
  return { othersPercent: Math.round(100 * mean), disturbed: mean > undisturbed }
}

/**
 * Judges a run of a scheduler, or the part of it since a change, by what the guests really want: whether the host was
 * balanced in time and stayed so, with no more moves than it took from where the vCPUs were when the policy
 * first acted. The deviation that Ballast itself measured has to agree.
 */
export function judge(ticks: readonly Tick[], wanted: Wanted, watched = watchedTicks) {
  const { first, ticksLevelAtFirst, ticksToBalance, ticksAfterBalance } = settlingOf(ticks, wanted)
  const acted = ticks.find(({ outcomes }) => outcomes.length > 0) ?? ticks[Math.max(0, first)]!
  const movesMinimum = fewestMovesFrom(acted.view, wanted)
  const { moves, pins } = judgeBalance(ticks)
  const since = ticksToBalance === undefined ? [] : ticks.slice(first + ticksLevelAtFirst + ticksToBalance)
  const after = judgeBalance(since)
  const isIdle = [...wanted.values()].every((demand) => demand === 0)
  const deviation = since.length > 0 ? after.deviationPercent : judgeBalance(ticks).deviationPercent
  const figures = {
    ticksLevelAtFirst,
    ticksToBalance: ticksToBalance ?? null,
    moves,
    movesMinimum,
    movesAfterBalance: after.moves,
    pins,
    ticksAfterBalance,
    deviationPercent: deviation === undefined ? null : Number(deviation.toFixed(2)),
    ...figuresOfOthers(ticks),
  }
  const limits = [
    ...(first < 0 ? ['there was no full sample'] : []),
    ...(ticksToBalance === undefined ? ['it was not balanced at the end'] : []),
    ...atMost('ticks to balance', ticksToBalance, mostTicksToBalance),
    ...atMost('moves', moves, movesMinimum),
    ...atMost('moves after balance', after.moves, 0),
    ...(ticksAfterBalance < watched ? [`ticks after balance: ${ticksAfterBalance}, wanted ${watched}`] : []),
    ...(isIdle ? [] : atMost('measured deviation in percent', deviation, 100 * tolerance)),
  ]
  return { figures, broken: limits }
}

/** The broken limits, and a word about the machine's other programs where they may be to blame. */
export function withExcuse(
  broken: readonly string[],
  { disturbed, othersPercent }: { readonly disturbed: boolean; readonly othersPercent: number },
): string[] {
  const unfair = `the machine's other programs used ${othersPercent} % of a pCPU meanwhile`
  return broken.length > 0 && disturbed ? [...broken, unfair] : [...broken]
}

function atMost(what: string, value: number | undefined, limit: number): string[] {
  return value !== undefined && value > limit ? [`${what}: ${value}, limit ${limit}`] : []
}
