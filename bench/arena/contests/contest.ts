import type { AutopilotOptions } from '../../../lib/control/autopilot.ts'
import type { DomainScenario, Load, Scenario, VcpuScenario } from '../../../lib/simulation/index.ts'

/** One scenario of the arena, which every scheduler goes through. */
export interface Contest {
  readonly name: string
  /** What it is, for people. */
  readonly about: string
  readonly scenario: (seed: number) => Scenario
  /** Ticks that it is run for. */
  readonly ticks: number
  /** Milliseconds at which the load, the guests or the pins change: each begins a new phase. */
  readonly turns: readonly number[]
  /** Milliseconds before which changes follow each other so fast that nothing can be asked of a scheduler. */
  readonly judgedFrom: number
  /** Small enough, or of few enough kinds of vCPUs, for the oracle to work out. */
  readonly oracle: boolean
  readonly options: Partial<AutopilotOptions>
}

/** Loads that contests have in common. */
export const heavy: Load = { kind: 'loop', work: 5, sleep: 7 }
export const middle: Load = { kind: 'loop', work: 4, sleep: 10 }
export const light: Load = { kind: 'loop', work: 2, sleep: 12 }
export const spin: Load = { kind: 'spin' }

export function contest(
  name: string,
  about: string,
  scenario: Contest['scenario'],
  rest: Partial<Contest> = {},
): Contest {
  return { name, about, scenario, ticks: 40, turns: [], judgedFrom: 0, oracle: true, options: {}, ...rest }
}

/** Guests of one vCPU each, in the order of `each`. */
export function singles(count: number, each: (guest: number) => VcpuScenario): DomainScenario[] {
  return Array.from({ length: count }, (_, guest) => ({ name: `guest${guest + 1}`, vcpus: [each(guest)] }))
}
