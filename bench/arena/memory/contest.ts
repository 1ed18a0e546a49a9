import type { AutopilotOptions } from '../../../lib/control/autopilot.ts'
import type { Scenario } from '../../../lib/simulation/index.ts'
import type { Tasks } from './residence.ts'

/** One scenario of the memory arena, which every ballooning policy goes through. */
export interface MemoryContest {
  readonly name: string
  /** What it is, for people. */
  readonly about: string
  readonly scenario: (seed: number) => Scenario
  /** Ticks that it is scored over. */
  readonly ticks: number
  readonly options: Partial<AutopilotOptions>
  /** Undefined: its programs are no tasks. */
  readonly tasks?: Tasks | undefined
}
