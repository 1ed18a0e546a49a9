import type { Scenario } from '../simulation/scenario.ts'

/** A load for the simulated host, and for how long it is to be played. */
export interface FittedLoad {
  readonly scenario: Scenario
  /** Milliseconds before the first tick: vCPUs are brought to where they were. */
  readonly lead: number
  /** Milliseconds from tick to tick. */
  readonly interval: number
  readonly ticks: number
  /**
   * Bytes of memory that the host has: the scenario has as much less as its own programs hold more than those of the
   * simulated host.
   */
  readonly hostMemory: number
  /** What could not be fitted, in words. */
  readonly notes: readonly string[]
}
