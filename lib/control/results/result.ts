import type { Action } from '../../policy/plan.ts'
import { type CpuFigures, type Figures, figuresLike, type MemoryFigures, meanOf } from './figures.ts'

/** What came of a change, as it becomes known: after three CPU samples, and after a minute. */
export interface ChangeResult {
  /** Index of the Tick that made the change. */
  readonly tick: number
  readonly action: Action
  /** Over the three samples after the change, or the last three of the minute after it. */
  readonly after: 'samples' | 'minute'
  /** Nothing, where the guest has gone. */
  readonly seen: Figures
  /**
   * What was seen less what was predicted. Undefined: another change of the same guest, or on the same pCPUs, came
   * between, so that it says nothing about the prediction.
   */
  readonly error?: Figures | undefined
}

/** How far predictions were off: means of the absolute errors of all changes of which that became known. */
export interface PredictionError {
  /** Changes that it is of. */
  readonly changes: number
  readonly cpu?: CpuFigures | undefined
  readonly memory?: MemoryFigures | undefined
}

/** The error of the predictions whose changes have been followed for three samples in one tick; undefined: there is none. */
export function predictionError(results: readonly ChangeResult[]): PredictionError | undefined {
  const errors = results.flatMap(({ after, error }) => (after === 'samples' && error ? [error] : []))
  if (errors.length === 0) return undefined
  return {
    changes: errors.length,
    cpu: meanOf(errors.flatMap(({ cpu }) => (cpu ? [absolute(cpu)] : []))),
    memory: meanOf(errors.flatMap(({ memory }) => (memory ? [absolute(memory)] : []))),
  }
}

function absolute<F extends { readonly [K in keyof F]: number }>(error: F): F {
  return figuresLike(error, (name) => Math.abs(error[name]))
}
