import { simulateFleet } from '../../../lib/fleet/simulation/simulate-fleet.ts'
import { fleetContests } from './contests.ts'
import { type FleetFigures, FleetWatch } from './figures.ts'
import { type Optimum, optimumOf } from './optimum.ts'
import { fleetPolicies } from './policies.ts'

/** One run, by its names. */
export interface FleetEntry {
  readonly contest: string
  readonly policy: string
  readonly seed: number
  /** Rounds that it is watched for after those that are scored. */
  readonly watched: number
}

export interface FleetResult extends FleetEntry {
  readonly figures: FleetFigures
  readonly optimum: Optimum | undefined
  /** Milliseconds that the run took. */
  readonly took: number
}

export async function runFleet(entry: FleetEntry): Promise<FleetResult> {
  const contest = fleetContests.find(({ name }) => name === entry.contest)!
  const { rules = {}, rounds, dryRun, rests, restRounds = entry.watched } = contest
  const began = performance.now()
  const scenario = contest.scenario(entry.seed)
  const fleet = simulateFleet(scenario)
  const watch = new FleetWatch(rules, rounds)
  const policy = fleetPolicies[entry.policy]!()
  const all = rounds + (rests ? Math.min(entry.watched, restRounds) : 0)
  for await (const tick of fleet.run({ policy, rules, dryRun, rounds: all })) watch.see(tick, fleet.truth())
  const figures = watch.figures(fleet)
  const optimum = contest.optimum ? optimumOf(scenario, figures) : undefined
  return { ...entry, figures, optimum, took: performance.now() - began }
}
