import { autopilot } from '../../../lib/control/autopilot.ts'
import { hostMemoryReserve } from '../../../lib/control/defaults.ts'
import type { Tick } from '../../../lib/control/tick.ts'
import { type HostToll, type SimulatedHost, simulate } from '../../../lib/simulation/index.ts'
import type { MemoryContest } from './contest.ts'
import { memoryContestOf } from './contests.ts'
import { type MemoryFigures, memoryFigures } from './figures.ts'
import { type Moment, Watcher } from './moment.ts'
import { memoryPolicies } from './policies.ts'
import { Residence } from './residence.ts'

/** One policy in one contest with one seed. */
export interface MemoryEntry {
  readonly contest: string
  readonly policy: string
  readonly seed: number
  /** Ticks that it is watched for once it is scored. Default 0. */
  readonly watched?: number | undefined
}

export interface MemoryResult extends MemoryEntry {
  readonly figures: MemoryFigures
  /** Real milliseconds that it took. */
  readonly took: number
}

/** Milliseconds of a tick: that of the classic cases. */
export const memoryInterval = 2_000

/** Goes through a contest. */
export async function runMemory(entry: MemoryEntry): Promise<MemoryResult> {
  const began = performance.now()
  const contest = memoryContestOf(entry.contest)
  const scenario = contest.scenario(entry.seed)
  await using host = simulate(scenario)
  const reserve = contest.options.hostMemoryReserve ?? hostMemoryReserve(host.topology.memory)
  const watcher = new Watcher(host, scenario, reserve)
  const residence = contest.tasks && new Residence(host, scenario, contest.tasks)
  const moments: Moment[] = []
  const scored = contest.ticks * memoryInterval
  let toll: HostToll | undefined
  for await (const tick of ticks(host, contest, entry)) {
    // What a policy has to say is its own; a figure of a loop that did not work says nothing of it.
    const failed = tick.errors.find(({ code }) => code !== 'ERR_POLICY')
    if (failed) throw new Error(`${entry.contest}, ${entry.policy}, tick ${tick.index}: ${failed.message}`)
    moments.push(watcher.look(tick))
    if (tick.view.time <= scored) await residence?.look(tick.view.time)
    if (tick.view.time >= scored) toll ??= host.toll
  }
  const figures = memoryFigures(moments, toll!, { scored, interval: memoryInterval })
  return { ...entry, figures: { ...figures, residence: residence?.mean }, took: performance.now() - began }
}

/** The Ticks of a contest, for a picture of them. */
export async function memoryTicksOf(entry: MemoryEntry): Promise<Tick[]> {
  const contest = memoryContestOf(entry.contest)
  await using host = simulate(contest.scenario(entry.seed))
  const all: Tick[] = []
  for await (const tick of ticks(host, contest, entry)) all.push(tick)
  return all
}

async function* ticks(
  host: SimulatedHost,
  { ticks, options }: MemoryContest,
  entry: MemoryEntry,
): AsyncGenerator<Tick> {
  const end = (ticks + (entry.watched ?? 0)) * memoryInterval
  const ballooning = memoryPolicies[entry.policy]!()
  for await (const tick of autopilot(host, { ...options, interval: memoryInterval, ballooning })) {
    yield tick
    if (tick.view.time >= end) return
  }
}
