import type { BallastError } from '../host/errors.ts'
import { scoresOf } from '../view/score/scores.ts'
import type { Asked, Decided } from './decide.ts'
import type { Guarded } from './guard/guard.ts'
import { type ChangeResult, predictionError } from './results/result.ts'
import type { SampleTiming } from './sampling.ts'
import { summarize } from './summary.ts'
import type { KsmResult, Outcome, Tick } from './tick.ts'

/** What a tick is about. */
export interface TickContext extends Pick<Tick, 'index' | 'cause' | 'view'> {
  readonly asked: Asked
  /** What became known of earlier changes. */
  readonly results: readonly ChangeResult[]
  /** What failed before. */
  readonly errors: readonly BallastError[]
  readonly samples: SampleTiming
  /** As in the CPU sample. */
  readonly listAge: number | undefined
}

/** What was done. */
export interface Done {
  readonly outcomes: readonly Outcome[]
  /** Why nothing was. */
  readonly late: BallastError | undefined
  readonly ksm: KsmResult | undefined
  readonly errors: readonly BallastError[]
}

/** A Tick, from what its steps returned. */
export function tickOf(
  tick: TickContext,
  decided: Decided,
  { clamps, skipped }: Guarded,
  { outcomes, late, ksm, errors }: Done,
  timing: Tick['timing'],
): Tick {
  const { index, cause, view, results, listAge } = tick
  const { plan, rollbacks, explanation } = decided
  const record = {
    index,
    cause,
    wallTime: tick.samples.wallTime,
    view,
    ...(listAge && { listAge }),
    scores: scoresOf(view),
    plan,
    ...(rollbacks.length > 0 && !late && { rollbacks }),
    explanation,
    clamps,
    skipped,
    outcomes,
    ...(results.length > 0 && { results, predictionError: predictionError(results) }),
    ksm,
    errors: [...tick.errors, ...decided.errors, ...errors],
    timing,
  }
  return { ...record, summary: summarize(record) }
}
