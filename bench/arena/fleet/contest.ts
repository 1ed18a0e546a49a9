import type { FleetScenario } from '../../../lib/fleet/simulation/scenario.ts'
import type { FleetRules } from '../../../lib/fleet/view/fleet-rules.ts'
import type { FleetFigures } from './figures.ts'

/** One fleet that policies are set against each other on. */
export interface FleetContest {
  readonly name: string
  /** One phrase. */
  readonly about: string
  /** Who reported that another tool does it wrong; undefined: nobody, it is of our own. */
  readonly reported?: string | undefined
  readonly scenario: (seed: number) => FleetScenario
  readonly rules?: FleetRules | undefined
  readonly dryRun?: boolean | undefined
  /** Rounds that a policy has to get the fleet in order; then it is looked whether it rests. */
  readonly rounds: number
  /** Whether nothing changes after `rounds`, so that nothing is to be moved any more. */
  readonly rests: boolean
  /** Rounds after that at most, of a large fleet. Default: as many as were asked for. */
  readonly restRounds?: number | undefined
  /** Whether an exact optimum can be had: the same pCPUs everywhere, demands that do not change, memory and rules that hold up nothing. */
  readonly optimum?: boolean | undefined
  /** Hosts have less memory than their guests need from the start. */
  readonly short?: boolean | undefined
  /** `usage` does not do what is asked for here, or another program moves guests: nothing is to be learned from what it reaches. */
  readonly beyondUsage?: boolean | undefined
  /** Whether guests start and stop. */
  readonly comesAndGoes?: boolean | undefined
  /** What else must be so, of `balance`; undefined: it is. */
  readonly expect?: ((figures: FleetFigures) => string | undefined) | undefined
}
