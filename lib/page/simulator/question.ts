import type { PolicyKind } from '../../policies.ts'
import type { Plain } from '../../recording/plain.ts'

/** What the simulator is asked. */
export interface SimulatorQuestion {
  /** As the server has it: a fitted load, what was measured, and the recorded configuration. */
  readonly recorded: Plain
  /** Policies in place of the recorded ones; none of a kind that is left out. */
  readonly instead: { readonly [Kind in PolicyKind]?: string }
}

/** What it says, one after the other. */
export type SimulatorMessage =
  | { readonly kind: 'progress'; readonly part: number }
  | {
      readonly kind: 'answer'
      /** Lines of cells; the first has the headings. */
      readonly cells: readonly (readonly string[])[]
      /** By how much the simulation of the recorded policies misses what was measured, and what could not be fitted. */
      readonly notes: readonly string[]
    }
  | { readonly kind: 'failed'; readonly text: string }
