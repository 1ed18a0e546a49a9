import type { Tick } from '../../../lib/control/tick.ts'
import { judgeBalance } from '../../support/verdict.ts'
import { disturbanceOf } from './disturbance.ts'
import { fewestMovesFrom, settlingOf, tolerance, type Wanted } from './truth.ts'

/** Milliseconds between ticks. */
export const interval = 1_000
/** Ticks that are watched after balance; nothing may move in them. */
export const watchedTicks = 30
/** The same in a brief run. */
export const briefTicks = 10
export const mostTicksToBalance = 3
/** Ticks after which nothing is waited for any more: for balance, and for the first full sample. */
const longOverdue = 3 * mostTicksToBalance
const mostTicksToBegin = 10

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
export function untilSettled(
  wanted: Wanted,
  watched: number,
  overdue = longOverdue,
): (ticks: readonly Tick[]) => boolean {
  return (ticks) => {
    const { first, ticksLevelAtFirst, ticksToBalance, ticksAfterBalance } = settlingOf(ticks, wanted)
    if (first < 0) return ticks.length > mostTicksToBegin
    const passed = ticks.length - 1 - first - ticksLevelAtFirst
    return (ticksToBalance ?? passed) > overdue || ticksAfterBalance >= watched
  }
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
    ...disturbanceOf(ticks, wanted),
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

function atMost(what: string, value: number | undefined, limit: number): string[] {
  return value !== undefined && value > limit ? [`${what}: ${value}, limit ${limit}`] : []
}
