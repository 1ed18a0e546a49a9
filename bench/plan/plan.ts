import type { PinAction, Plan } from '../../lib/policy/plan.ts'
import { balance } from '../../lib/schedulers/balance.ts'
import { lpt } from '../../lib/schedulers/baseline/lpt.ts'
import { mean, standardDeviation } from '../../lib/util/statistics.ts'
import type { View } from '../../lib/view/view.ts'
import { baselineCommit } from '../baseline.ts'
import { type Spread, spreadOf } from '../spread.ts'
import { type BuildFigures, measureAgainstBaseline, planRatioLimit } from './against-baseline.ts'
import { type Size, viewOf } from './views.ts'

/** The most milliseconds that a plan may take, by size of host. */
export const planLimits: readonly (Size & { readonly limit: number })[] = [
  { vcpus: 8, pcpus: 4, limit: 1 },
  { vcpus: 64, pcpus: 16, limit: 2 },
  { vcpus: 512, pcpus: 64, limit: 10 },
  { vcpus: 4_096, pcpus: 256, limit: 60 },
  { vcpus: 16_384, pcpus: 512, limit: 300 },
]

/** How a policy did on the hosts of one size; what is no time is the median over the hosts. */
export interface PolicyFigures {
  /** Milliseconds. */
  readonly ms: Spread
  readonly moves: number
  /** Standard deviation of the pCPUs' load after the plan, in percent of the mean. */
  readonly deviationPercent: number
}

export interface SizeFigures extends Size {
  /** Milliseconds. */
  readonly limit: number
  /** Within the limit, and within {@link planRatioLimit} of the baseline. */
  readonly passed: boolean
  readonly builds: BuildFigures
  readonly deviationPercentBefore: number
  readonly balance: PolicyFigures & {
    /** In percent of the mean. */
    readonly lowerBoundPercent: number
    /** Over the size before: how many times more milliseconds for how many times more vCPUs. */
    readonly growth: { readonly ms: number; readonly vcpus: number } | undefined
  }
  readonly lpt: PolicyFigures
}

export interface PlanFigures {
  readonly bench: 'plan'
  readonly passed: boolean
  readonly baseline: string
  readonly ratioLimit: number
  readonly turns: number
  readonly sizes: readonly SizeFigures[]
}

/**
 * Times plans of {@link balance}, and of {@link lpt} on the same Views, each turn on a host of its own; and plans of `balance`
 * beside those of the baseline.
 */
export async function measurePlans(turns: number, log: (line: string) => void): Promise<PlanFigures> {
  const builds = await measureAgainstBaseline(planLimits, turns, log)
  const sizes: SizeFigures[] = []
  for (const [i, limits] of planLimits.entries()) {
    log(`${limits.vcpus} vCPUs on ${limits.pcpus} pCPUs`)
    sizes.push(measure(limits, turns, builds[i]!, sizes.at(-1)))
  }
  const passed = sizes.every((size) => size.passed)
  return { bench: 'plan', passed, baseline: baselineCommit, ratioLimit: planRatioLimit, turns, sizes }
}

/** Plans for the compilers to get warm on. */
function warmUps({ vcpus }: Size): number {
  return Math.max(2, Math.round(2_000 / vcpus))
}

function measure(
  size: (typeof planLimits)[number],
  turns: number,
  builds: BuildFigures,
  before: SizeFigures | undefined,
): SizeFigures {
  const { vcpus, pcpus, limit } = size
  const rounds: {
    readonly view: View
    readonly balance: Timed
    readonly lpt: Timed
    readonly bound: number
  }[] = []
  for (let turn = -warmUps(size); turn < turns; turn++) {
    const view = viewOf(size, turn + 1_000)
    const policy = balance()
    // The second View's plan: a host that is not clearly out of balance needs two that call for moves.
    const { state, explanation } = policy.decide(view, policy.initialState)
    const ours = timed(() => policy.decide(view, state).plan)
    const theirs = timed(() => lpt()(view))
    if (turn >= 0) rounds.push({ view, balance: ours, lpt: theirs, bound: explanation?.lowerBound ?? 0 })
  }
  const figures = (name: 'balance' | 'lpt'): PolicyFigures => ({
    ms: spreadOf(rounds.map((round) => round[name].ms)),
    moves: median(rounds.map((round) => round[name].plan.length)),
    deviationPercent: median(rounds.map((round) => deviationAfter(round.view, round[name].plan))),
  })
  const ours = figures('balance')
  return {
    vcpus,
    pcpus,
    limit,
    passed: ours.ms.median <= limit && builds.ratio <= planRatioLimit,
    builds,
    deviationPercentBefore: median(rounds.map(({ view }) => deviationAfter(view, []))),
    balance: {
      ...ours,
      lowerBoundPercent: median(rounds.map(({ view, bound }) => (100 * bound) / mean(loadsAfter(view, [])))),
      growth: before && { ms: ours.ms.median / before.balance.ms.median, vcpus: vcpus / before.vcpus },
    },
    lpt: figures('lpt'),
  }
}

interface Timed {
  readonly plan: Plan<PinAction>
  readonly ms: number
}

function timed(decide: () => Plan<PinAction>): Timed {
  const begun = performance.now()
  const plan = decide()
  return { plan, ms: performance.now() - begun }
}

function median(values: readonly number[]): number {
  return spreadOf(values).median
}

function deviationAfter(view: View, plan: Plan<PinAction>): number {
  const loads = loadsAfter(view, plan)
  return (100 * standardDeviation(loads)) / mean(loads)
}

/** By pCPU: what its vCPUs want once the plan is carried out. */
function loadsAfter(view: View, plan: Plan<PinAction>): Float64Array {
  const to = new Map(plan.map(({ uuid, vcpu, cpus }) => [`${uuid}/${vcpu}`, cpus.first]))
  const loads = new Float64Array(view.pcpus.length)
  for (const { domain, vcpu, pcpu, demand } of view.vcpus) {
    loads[to.get(`${domain.uuid}/${vcpu}`) ?? pcpu!]! += demand ?? 0
  }
  return loads
}
