import { CpuSet } from '../../lib/host/cpuset.ts'
import { fewestMoves, leastDeviation, type OracleProblem } from '../../test/support/oracle.ts'
import type { Contest } from './contests/contest.ts'
import { deviations, levelsOf, lowerBound } from './levels.ts'
import type { Scene, SceneVcpu } from './scene.ts'

/** Deviation up to which a host counts as level, in percent of the mean: the tolerance of the classic cases. */
export const tolerance = 5
/** What a deviation may be off because demands are measured, in percent of the mean. */
export const slack = 1

/** What the oracle says of one phase; deviations in percent of the mean, by level. */
export interface Oracle {
  /** The least deviation of all placements, and the fewest moves that lead there. */
  readonly optimum: { readonly deviations: readonly number[]; readonly moves: number }
  /** Fewest moves after which the deviation is within tolerance or, where none is, the least there is. */
  readonly fewest: number
  /** What it takes to judge a policy by it; undefined where nobody asked. */
  readonly measure: Measure | undefined
}

export interface Measure {
  /** The same fewest moves for deviations that are measured `slack` too low, and too high. */
  readonly low: number
  readonly high: number
  /** The least deviation after no more moves than were made. */
  readonly withSoManyMoves: readonly number[]
}

/** How a policy did from one change of the scenario to the next. Deviations in percent of the mean, by level. */
export interface PhaseFigures {
  /** Whether something can be asked of it. */
  readonly judged: boolean
  /** Ticks from the change, or the first full sample, until the host was level. */
  readonly ticksToBalance: number | undefined
  readonly moves: number
  readonly pins: number
  readonly movesAfterBalance: number
  /** Ticks that were watched after balance. */
  readonly ticksAfterBalance: number
  /** Mean over the second half. */
  readonly deviations: readonly number[]
  /** A deviation that no placement is below. */
  readonly lowerBound: number
  readonly oracle: Oracle | undefined
  /** Fraction of the time that the vCPU which waits most waits, mean over the second half. */
  readonly worstDelay: number
  /** vCPUs that end out of the NUMA cell of their domain. */
  readonly remote: number
  /** Where all vCPUs were when the policy first acted: equal for those that began alike. */
  readonly start: string
}

/** Figures of each phase of a run; `measured` for a policy that is judged by them, which takes the oracle longer. */
export function figuresOf(contest: Contest, scenes: readonly Scene[], measured: boolean): PhaseFigures[] {
  // What changes at a moment is not yet so in the sample that is taken at it.
  const begins = [-1, ...contest.turns]
  return begins.map((begin, phase) => {
    const end = begins[phase + 1] ?? Number.POSITIVE_INFINITY
    const own = scenes.filter(({ time }) => time > begin && time <= end)
    return phaseFigures(contest, own, { begin, measured })
  })
}

function phaseFigures(
  contest: Contest,
  scenes: readonly Scene[],
  { begin, measured }: { readonly begin: number; readonly measured: boolean },
): PhaseFigures {
  const judged = begin >= contest.judgedFrom || contest.judgedFrom === 0
  const end = scenes.at(-1)!
  const levels = levelsOf(end.topology)
  const acts = scenes.findIndex(({ pins }) => pins > 0)
  const startsAt =
    acts >= 0
      ? acts
      : Math.max(
          0,
          scenes.findIndex(({ full }) => full),
        )
  const moves = sum(scenes.map((scene) => scene.moves))

  const problem = problemOf(contest, scenes, startsAt, levels)
  const oracle = contest.oracle && judged ? oracleOf(problem, measured ? moves : undefined) : undefined
  const units = new Set(levels[0]).size
  const weights = [...end.background, ...end.vcpus.map(({ demand }) => demand)]
  const bound = oracle?.optimum.deviations[0] ?? lowerBound(weights, units)

  const best = oracle?.optimum.deviations ?? levels.map((_, level) => (level === 0 ? bound : Infinity))
  const level = scenes.map((scene) =>
    deviations(scene, levels).every((deviation, l) => deviation <= Math.max(tolerance, best[l]! + slack)),
  )
  const firstFull = Math.max(
    0,
    scenes.findIndex(({ full }) => full),
  )
  const lasting = level.lastIndexOf(false) + 1
  const balancedAt = level.findIndex((is, index) => is && (index > acts || isPinned(scenes[index]!)))
  const half = scenes.slice(Math.floor(scenes.length / 2))
  return {
    judged,
    ticksToBalance: lasting < scenes.length ? Math.max(0, lasting - firstFull) : undefined,
    moves,
    pins: sum(scenes.map(({ pins }) => pins)),
    movesAfterBalance: balancedAt < 0 ? 0 : sum(scenes.slice(balancedAt).map((scene) => scene.moves)),
    ticksAfterBalance: balancedAt < 0 ? 0 : scenes.length - balancedAt,
    deviations: levels.map((_, l) => average(half.map((scene) => deviations(scene, levels)[l]!))),
    lowerBound: bound,
    oracle,
    worstDelay: worstDelay(half),
    remote: end.vcpus.filter(({ remote }) => remote).length,
    start: scenes[startsAt]!.vcpus.map(({ place }) => place ?? '-').join(' '),
  }
}

/** Whether no kernel can unbalance it. */
function isPinned({ vcpus }: Scene): boolean {
  return vcpus.every(({ pinned }) => pinned)
}

/** The end's demands, from where their vCPUs were when the policy first acted. */
function problemOf(
  contest: Contest,
  scenes: readonly Scene[],
  startsAt: number,
  levels: readonly (readonly number[])[],
): OracleProblem {
  const end = scenes.at(-1)!
  const held = heldBy(contest, end.time)
  const fixed = end.background.slice()
  const vcpus = end.vcpus.map((vcpu) => {
    const first = scenes.slice(startsAt).find((scene) => placeIn(scene, vcpu) !== undefined) ?? end
    const home = placeIn(first, vcpu) ?? 0
    const pin = held.get(`${vcpu.name} ${vcpu.vcpu}`)
    const allowed = pin ? vcpu.allowed.map((_, pcpu) => pin.has(pcpu)) : vcpu.allowed
    return { demand: vcpu.demand, home, allowed }
  })
  return { vcpus, fixed, levels }
}

/** What somebody else has pinned by then, by domain and vCPU. */
function heldBy(contest: Contest, time: number): Map<string, CpuSet> {
  const held = new Map<string, CpuSet>()
  for (const change of contest.scenario(1).changes ?? []) {
    if (change.kind !== 'pin' || change.at > time) continue
    held.set(`${change.domain} ${change.vcpu}`, CpuSet.parse(change.affinity))
  }
  return held
}

function placeIn(scene: Scene, { uuid, vcpu }: SceneVcpu): number | undefined {
  return scene.vcpus.find((one) => one.uuid === uuid && one.vcpu === vcpu)?.place
}

const known = new Map<string, Oracle>()

/** What the oracle says, once for each problem; with `moves`, what so many of them are measured by. */
function oracleOf(problem: OracleProblem, moves: number | undefined): Oracle {
  const key = JSON.stringify([problem, moves])
  const before = known.get(key)
  if (before) return before
  const optimum = leastDeviation(problem)
  const within = (more: number) => {
    // A millionth: the optimum itself must be within reach whatever a solver calls equal.
    const goals = optimum.deviations.map((best) => Math.max((tolerance + more) / 100, best + 1e-6))
    return fewestMoves(problem, goals)!
  }
  const percent = (fractions: readonly number[]) => fractions.map((fraction) => 100 * fraction)
  const oracle = {
    optimum: { deviations: percent(optimum.deviations), moves: optimum.moves },
    fewest: within(0),
    measure:
      moves === undefined
        ? undefined
        : {
            low: within(slack),
            high: within(-slack),
            withSoManyMoves: percent(leastDeviation(problem, moves).deviations),
          },
  }
  known.set(key, oracle)
  return oracle
}

function worstDelay(scenes: readonly Scene[]): number {
  const delays = new Map<string, number[]>()
  for (const { uuid, vcpu, delay } of scenes.flatMap(({ vcpus }) => vcpus)) {
    if (delay === undefined) continue
    const key = `${uuid} ${vcpu}`
    const own = delays.get(key)
    if (own) own.push(delay)
    else delays.set(key, [delay])
  }
  return Math.max(0, ...[...delays.values()].map(average))
}

function average(values: readonly number[]): number {
  return values.length === 0 ? 0 : sum(values) / values.length
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
