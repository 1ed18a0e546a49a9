import type { Outcome, Tick } from '../../lib/control/tick.ts'
import { isMove, type PinAction } from '../../lib/policy/plan.ts'
import { MiB } from '../../lib/util/units.ts'
import { deviationPercent, isFullSample, pcpuLoads } from '../../lib/view/cpu/pcpu-loads.ts'
import type { View } from '../../lib/view/view.ts'

/** Limits of a balance case; one that is not given is not judged. */
export interface BalanceLimits {
  /** Most ticks from the first full sample to balance. */
  readonly ticksToBalance?: number
  /** Most moves in all. */
  readonly moves?: number
  /** Most moves once balanced. */
  readonly movesAfterBalance?: number
  /** Most pins in all, moves among them. */
  readonly pins?: number
  /** Fewest ticks that must have been watched after balance. */
  readonly ticksAfterBalance?: number
}

/** How a run of a scheduler went. */
export interface BalanceVerdict {
  /** All limits were met, and the host was balanced at all. */
  readonly passed: boolean
  /** Each limit that was not met, in words. */
  readonly broken: readonly string[]
  /** Ticks after the first full sample until the deviation was within tolerance; 0: it was so from the start. */
  readonly ticksToBalance: number | undefined
  /** Ticks that followed the first balanced one. */
  readonly ticksAfterBalance: number
  /** vCPUs that were sent to another pCPU than the one they were on. */
  readonly moves: number
  /** Pins that were applied, moves among them. */
  readonly pins: number
  /** Moves in the first balanced tick and after it. */
  readonly movesAfterBalance: number
  /** Median of the deviation over the ticks since balance, in percent of the mean; of the last tick when never balanced. */
  readonly deviationPercent: number | undefined
  /** The deviation at the last tick. */
  readonly lastDeviationPercent: number | undefined
}

/**
 * Judges a run of a scheduler from its Ticks alone. The load of a pCPU is the demand of the vCPUs that are
 * on it; the host is balanced when the standard deviation of the loads is at most `tolerance` (0.05) of
 * their mean. Judged from the first full sample on: the first tick that knows every running vCPU's usage.
 */
export function judgeBalance(
  ticks: readonly Tick[],
  options: { readonly tolerance?: number; readonly limits?: BalanceLimits } = {},
): BalanceVerdict {
  const tolerancePercent = 100 * (options.tolerance ?? 0.05)
  const firstFull = ticks.findIndex((tick) => isFullSample(tick.view))
  const judged = firstFull < 0 ? [] : ticks.slice(firstFull)
  const deviations = judged.map((tick) => deviationPercent(tick.view))
  const balancedAt = deviations.findIndex((deviation) => deviation <= tolerancePercent)
  const balanced = balancedAt >= 0
  const figures = {
    ticksToBalance: balanced ? balancedAt : undefined,
    ticksAfterBalance: balanced ? judged.length - 1 - balancedAt : 0,
    moves: count(ticks, isMove),
    pins: count(ticks, () => true),
    movesAfterBalance: balanced ? count(judged.slice(balancedAt), isMove) : 0,
    deviationPercent: balanced ? median(deviations.slice(balancedAt)) : deviations.at(-1),
    lastDeviationPercent: deviations.at(-1),
  }
  const limits = options.limits ?? {}
  const broken = [
    ...(firstFull < 0 ? ['there was no full sample'] : []),
    ...(firstFull >= 0 && !balanced ? ['it was never balanced'] : []),
    ...atMost('ticks to balance', figures.ticksToBalance, limits.ticksToBalance),
    ...atMost('moves', figures.moves, limits.moves),
    ...atMost('moves after balance', figures.movesAfterBalance, limits.movesAfterBalance),
    ...atMost('pins', figures.pins, limits.pins),
    ...atLeast('ticks after balance', figures.ticksAfterBalance, limits.ticksAfterBalance),
  ]
  return { passed: broken.length === 0, broken, ...figures }
}

/**
 * The fewest moves that bring equal loads to an equal number per pCPU (as near as it can be) from where
 * they are in `view`: the fullest pCPUs keep the larger share.
 */
export function fewestMovesOfEqualLoads(view: View): number {
  const counts = pcpuLoads(view)
    .map((load) => load.vcpus.length)
    .sort((a, b) => b - a)
  const total = counts.reduce((sum, here) => sum + here, 0)
  const share = Math.floor(total / counts.length)
  const rest = total % counts.length
  const kept = counts.map((here, i) => Math.min(here, i < rest ? share + 1 : share))
  return total - kept.reduce((sum, here) => sum + here, 0)
}

/** What a run of a ballooning policy is judged by. */
export interface MemoryExpectation {
  /** Names of the guests whose program grows to what the guest can hold and then frees all. */
  readonly growing: readonly string[]
  /** Names of the guests that lost a program, or were made to: Ticks cannot tell, whoever runs the guests can. */
  readonly programsLost: readonly string[]
  /** Bytes that every other guest shall have unused at all times; default 100 MiB. */
  readonly leastUnused?: number
}

/** One guest's memory in bytes over a run; undefined: was never known. */
export interface GuestMemoryVerdict {
  readonly name: string
  readonly maximum: number | undefined
  readonly firstActual: number | undefined
  readonly highestActual: number | undefined
  readonly lowestActual: number | undefined
  readonly lastActual: number | undefined
  readonly minimumUnused: number | undefined
  readonly swappedOut: number
  /** Its balloon was within 1 MiB of the maximum at some time. */
  readonly reachedMaximum: boolean
  /** At the end it had given back at least nine tenths of what it had grown by. */
  readonly gaveBack: boolean
}

/** How a run of a ballooning policy went. */
export interface MemoryVerdict {
  /** Every growing guest reached its maximum and gave back, no guest was harmed, the host reserve held. */
  readonly passed: boolean
  /** Each thing that was not as it should be, in words. */
  readonly broken: readonly string[]
  readonly guests: readonly GuestMemoryVerdict[]
  /** Guests that lost a program, and others that had less unused than they shall have. */
  readonly guestsHarmed: number
  /** Bytes: least unused memory of any guest that does not grow. */
  readonly minimumUnused: number | undefined
  /**
   * At every tick the domains' commitments were within the budget and the host's available memory at or
   * above the reserve, as the View tells them. A tick with a guest of unknown size proves nothing; false when no tick proves it.
   */
  readonly hostReserveHeld: boolean
  /** Bytes: the least that was left of the budget at any tick; negative: overcommitted. */
  readonly leastBudgetLeft: number | undefined
  /** Balloon requests that were applied. */
  readonly changes: number
  /** Ticks at the end without one. */
  readonly quietTicks: number
}

/** Judges a run of a ballooning policy from its Ticks, and from what only the guests know. */
export function judgeMemory(ticks: readonly Tick[], expected: MemoryExpectation): MemoryVerdict {
  const leastUnused = expected.leastUnused ?? 100 * MiB
  const names = new Set(ticks.flatMap((tick) => tick.view.domains.map((domain) => domain.name)))
  const guests = [...names].map((name) => judgeGuest(ticks, name))
  const growing = guests.filter((guest) => expected.growing.includes(guest.name))
  const others = guests.filter((guest) => !expected.growing.includes(guest.name))
  const squeezed = others.filter((guest) => (guest.minimumUnused ?? Infinity) < leastUnused)
  const known = ticks.filter(({ view }) => view.domains.length > 0 && view.domains.every(isSizeKnown))
  const budgetLeft = known.map(({ view }) => view.memory.budget - view.memory.committed)
  const hostReserveHeld =
    known.length > 0 &&
    budgetLeft.every((left) => left >= 0) &&
    known.every(({ view }) => (view.memory.available ?? Infinity) >= view.memory.reserve)
  const changed = ticks.map((tick) => tick.outcomes.filter(isApplied('setMemory')).length)
  const broken = [
    ...expected.growing.filter((name) => !names.has(name)).map((name) => `${name} was not there`),
    ...growing
      .filter((guest) => !guest.reachedMaximum)
      .map(({ name }) => `${name} never reached its maximum`),
    ...growing.filter((guest) => !guest.gaveBack).map(({ name }) => `${name} did not give back`),
    ...expected.programsLost.map((name) => `${name} lost a program`),
    ...others
      .filter((guest) => guest.minimumUnused === undefined)
      .map(({ name }) => `${name} never told its unused memory`),
    ...squeezed.map(({ name }) => `${name} had less than ${leastUnused / MiB} MiB unused`),
    ...(hostReserveHeld ? [] : ['the host reserve did not hold']),
  ]
  return {
    passed: broken.length === 0,
    broken,
    guests,
    guestsHarmed: new Set([...expected.programsLost, ...squeezed.map((guest) => guest.name)]).size,
    minimumUnused: least(others.map((guest) => guest.minimumUnused)),
    hostReserveHeld,
    leastBudgetLeft: least(budgetLeft),
    changes: changed.reduce((sum, here) => sum + here, 0),
    quietTicks: ticks.length - 1 - changed.findLastIndex((here) => here > 0),
  }
}

function judgeGuest(ticks: readonly Tick[], name: string): GuestMemoryVerdict {
  const seen = ticks.flatMap(({ view }) => view.domains.find((domain) => domain.name === name)?.memory ?? [])
  const sizes = seen.flatMap((memory) => memory.actual ?? [])
  const first = sizes[0]
  const last = sizes.at(-1)
  const maximum = seen.findLast((memory) => memory.maximum !== undefined)?.maximum
  const highest = sizes.length > 0 ? Math.max(...sizes) : undefined
  const grownBy = (highest ?? 0) - (first ?? 0)
  return {
    name,
    maximum,
    firstActual: first,
    highestActual: highest,
    lowestActual: least(sizes),
    lastActual: last,
    minimumUnused: least(seen.map((memory) => memory.unused)),
    swappedOut: seen.reduce((sum, memory) => sum + (memory.swappedOut ?? 0), 0),
    reachedMaximum: highest !== undefined && maximum !== undefined && highest >= maximum - MiB,
    gaveBack: grownBy > 0 && highest! - last! >= 0.9 * grownBy,
  }
}

function isSizeKnown(domain: { readonly memory: { readonly actual: number | undefined } }): boolean {
  return domain.memory.actual !== undefined
}

function isApplied(kind: 'pin' | 'setMemory'): (outcome: Outcome) => boolean {
  return (outcome) => outcome.status === 'applied' && outcome.action.kind === kind
}

function count(ticks: readonly Tick[], matches: (action: PinAction, view: View) => boolean): number {
  let found = 0
  for (const { outcomes, view } of ticks) {
    for (const { status, action } of outcomes) {
      if (status === 'applied' && action.kind === 'pin' && matches(action, view)) found++
    }
  }
  return found
}

function atMost(what: string, value: number | undefined, limit: number | undefined): string[] {
  return value !== undefined && limit !== undefined && value > limit
    ? [`${what}: ${value}, limit ${limit}`]
    : []
}

function atLeast(what: string, value: number, limit: number | undefined): string[] {
  return limit !== undefined && value < limit ? [`${what}: ${value}, wanted ${limit}`] : []
}

function least(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined)
  return known.length > 0 ? Math.min(...known) : undefined
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}
