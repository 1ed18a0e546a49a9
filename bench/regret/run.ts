import { autopilot } from '../../lib/control/autopilot.ts'
import { simulate } from '../../lib/simulation/index.ts'
import { CpuCost, leastGain, memoryCost } from '../../lib/whatif/cost.ts'
import { memoryContestOf } from '../arena/memory/contests.ts'
import { memoryPolicies } from '../arena/memory/policies.ts'
import { memoryInterval } from '../arena/memory/run.ts'
import { policies } from '../arena/policies.ts'
import { contestOf, interval } from '../arena/run.ts'
import { type Scene, sceneOf } from '../arena/scene.ts'
import { type Hindsight, hindsightOf } from './hindsight.ts'

/** One contest of the arena, gone through with each of these policies and with none. */
export interface RegretEntry {
  readonly side: 'cpu' | 'memory'
  readonly contest: string
  /** Comma-separated. */
  readonly policy: string
  readonly seed: number
}

export interface RegretResult extends RegretEntry {
  readonly hindsight: Hindsight
  readonly none: number
  /** By policy. */
  readonly costs: Readonly<Record<string, number>>
  /** By policy; empty where there was hardly anything to gain. */
  readonly regrets: Readonly<Record<string, number>>
  /** The same counted from the first full sample on, for oracle and policies alike. */
  readonly sampledRegrets: Readonly<Record<string, number>>
}

export async function runRegret(entry: RegretEntry): Promise<RegretResult> {
  const names = entry.policy.split(',')
  const [all, sampled = all] =
    entry.side === 'cpu' ? await cpuCosts(entry, names) : [await memoryCosts(entry, names)]
  const regretsOf = ({ none, costs, hindsight: { cost } }: Costs) => {
    const gain = none - cost
    const regrets =
      gain > leastGain[entry.side] ? names.map((name) => [name, (costs[name]! - cost) / gain]) : []
    return Object.fromEntries(regrets) as Record<string, number>
  }
  return { ...entry, ...all, regrets: regretsOf(all), sampledRegrets: regretsOf(sampled) }
}

interface Costs {
  readonly none: number
  readonly costs: Readonly<Record<string, number>>
  readonly hindsight: Hindsight
}

/** Of all ticks, and of those from the first full sample on. */
async function cpuCosts(
  { contest: name, seed }: RegretEntry,
  names: readonly string[],
): Promise<[all: Costs, sampled: Costs]> {
  const contest = contestOf(name)
  const costOf = async (policy: string, scenes?: Scene[]) => {
    await using host = simulate(contest.scenario(seed))
    const all = new CpuCost()
    const sampled = new CpuCost({ sampled: true })
    const options = { ...contest.options, interval, scheduler: policies[policy]!(), ticks: contest.ticks }
    for await (const tick of autopilot(host, options)) {
      const applied = tick.outcomes.flatMap(({ action, status }) => (status === 'applied' ? [action] : []))
      all.take(tick.view, host, applied)
      sampled.take(tick.view, host, applied)
      scenes?.push(sceneOf(tick, host))
    }
    return [all.value.cost, sampled.value.cost] as const
  }
  const scenes: Scene[] = []
  const none = await costOf('none', scenes)
  const costs = [{}, {}] as [Record<string, number>, Record<string, number>]
  for (const policy of names) {
    const [all, sampled] = await costOf(policy)
    costs[0][policy] = all
    costs[1][policy] = sampled
  }
  const first = Math.max(
    0,
    scenes.findIndex(({ full }) => full),
  )
  const hindsight = (from: number) => hindsightOf(scenes.slice(from), !contest.oracle)
  return [
    { none: none[0], costs: costs[0], hindsight: hindsight(0) },
    { none: none[1], costs: costs[1], hindsight: hindsight(first) },
  ]
}

async function memoryCosts({ contest: name, seed }: RegretEntry, names: readonly string[]): Promise<Costs> {
  const contest = memoryContestOf(name)
  const costOf = async (policy: string) => {
    await using host = simulate(contest.scenario(seed))
    const ballooning = memoryPolicies[policy]!()
    const options = { ...contest.options, interval: memoryInterval, ballooning, ticks: contest.ticks }
    for await (const _ of autopilot(host, options)) {
      // What it comes to is in the host's account.
    }
    return memoryCost(host.toll).cost
  }
  const none = await costOf('none')
  const costs: Record<string, number> = {}
  for (const policy of names) costs[policy] = await costOf(policy)
  return { none, costs, hindsight: { cost: 0, kind: 'bound' } }
}
