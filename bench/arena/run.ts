import { autopilot } from '../../lib/control/autopilot.ts'
import type { Tick } from '../../lib/control/tick.ts'
import { simulate } from '../../lib/simulation/index.ts'
import type { Contest } from './contests/contest.ts'
import { contests } from './contests.ts'
import { figuresOf, type PhaseFigures } from './figures.ts'
import { policies } from './policies.ts'
import { type Scene, sceneOf } from './scene.ts'

/** One policy in one contest with one seed. */
export interface Entry {
  readonly contest: string
  readonly policy: string
  readonly seed: number
  /** Ticks to run for; default: what the contest says. */
  readonly ticks?: number | undefined
  /** Whether it is judged by the oracle, and not only shown beside it. Default: only `balance` is. */
  readonly measured?: boolean | undefined
}

export interface Result extends Entry {
  readonly phases: readonly PhaseFigures[]
  /** Real milliseconds that it took. */
  readonly took: number
}

/** Milliseconds of a tick. */
export const interval = 1_000

/** Goes through a contest. */
export async function run(entry: Entry): Promise<Result> {
  const began = performance.now()
  const contest = contestOf(entry.contest)
  const scenes: Scene[] = []
  await using host = simulate(contest.scenario(entry.seed))
  const scheduler = policies[entry.policy]!()
  const ticks = entry.ticks ?? contest.ticks
  for await (const tick of autopilot(host, { ...contest.options, interval, scheduler, ticks })) {
    assertSound(tick, entry)
    scenes.push(sceneOf(tick, host))
  }
  const phases = figuresOf(contest, scenes, entry.measured ?? entry.policy === 'balance')
  return { ...entry, phases, took: performance.now() - began }
}

/** The Ticks of a contest, for a picture of them. */
export async function ticksOf(entry: Entry): Promise<Tick[]> {
  const contest = contestOf(entry.contest)
  await using host = simulate(contest.scenario(entry.seed))
  const scheduler = policies[entry.policy]!()
  const ticks: Tick[] = []
  const options = { ...contest.options, interval, scheduler, ticks: entry.ticks ?? contest.ticks }
  for await (const tick of autopilot(host, options)) ticks.push(tick)
  return ticks
}

export function contestOf(name: string): Contest {
  const contest = contests.find((one) => one.name === name)
  if (!contest) throw new Error(`No contest ${name}`)
  return contest
}

/** A figure of a loop that did not work says nothing of its policy. */
function assertSound({ errors, index }: Tick, { contest, policy }: Entry): void {
  if (errors[0]) throw new Error(`${contest}, ${policy}, tick ${index}: ${errors[0].message}`)
}
