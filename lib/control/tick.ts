import type { BallastError } from '../host/errors.ts'
import type { Action, Explanation, KsmAction, Plan } from '../policy/plan.ts'
import type { GuardReason } from '../policy/reasons/guard.ts'
import type { KsmSkipReason } from '../policy/reasons/ksm.ts'
import type { RollbackReason } from '../policy/reasons/rollback.ts'
import type { SkipReason } from '../policy/reasons/skip.ts'
import type { Scores } from '../view/score/scores.ts'
import type { View } from '../view/view.ts'
import type { Figures } from './results/figures.ts'
import type { ChangeResult, PredictionError } from './results/result.ts'

/** A limit of the guard; docs/reasons.md has each. */
export type GuardRule =
  | 'guest-floor' // never below what it uses plus its margin, nor below its floor
  | 'guest-ceiling' // never above what its settings say
  | 'host-reserve' // granted only after it has been seen to be free
  | 'stale-statistics' // no change, never a shrink
  | 'unmanaged' // counted and skipped
  | 'allowed-cpus' // only what its user allows and what is online
  | 'external-change' // another program's change is not fought
  | 'backoff' // what failed again and again is tried with growing pauses
  | 'rolled-back' // what did harm and was undone is not tried again for a while
  | 'no-change' // what is so already is not asked for again
  | 'invalid' // not an action that makes sense on this host: no such domain, NaN, twice the same

/** One action that the guard changed or denied. */
export interface Clamp {
  readonly rule: GuardRule
  readonly result: 'changed' | 'denied'
  readonly action: Action
  /** What is done instead of one that was changed. */
  readonly instead: Action | undefined
  /** Why: its kind and figures. `sentenceOf` has it in words. */
  readonly cause: GuardReason | SkipReason
}

/** A domain that is not touched in this tick, or one of its vCPUs, and why. */
export interface Skipped {
  readonly uuid: string
  readonly domain: string
  readonly what: 'vcpus' | 'memory'
  readonly rule: GuardRule
  readonly reason: SkipReason
}

/** What became of one action. */
export interface Outcome {
  readonly action: Action
  readonly status: 'applied' | 'dry-run' | 'failed'
  readonly error: BallastError | undefined
  /** Milliseconds that the call took. */
  readonly duration: number
  /** What was seen of it before: over the last three samples, as far as there are some. Undefined: it failed. */
  readonly before?: Figures | undefined
  /** What is to be expected of it once it has settled. Undefined: it failed. */
  readonly predicted?: Figures | undefined
}

/** A change that is undone in this tick because it did harm. Its outcomes are among those of the tick. */
export interface Rollback {
  readonly what: 'vcpus' | 'memory'
  /** The actions that undo it. */
  readonly plan: Plan
  /** What was seen, and what was to be expected. */
  readonly reason: RollbackReason
}

/** What became of same-page merging in one tick. */
export interface KsmResult {
  /** Why its pace is not changed, whatever the policy wants. */
  readonly skipped: KsmSkipReason | undefined
  /** What was done; undefined: nothing was to be done. */
  readonly outcome:
    | (Omit<Outcome, 'action' | 'before' | 'predicted'> & {
        readonly action: KsmAction
      })
    | undefined
}

/** The steps of a tick, in their order. */
export type TickStep = 'sample' | 'observe' | 'decide' | 'guard' | 'actuate' | 'followUp'

/** Milliseconds that each step of the tick took, on the host's clock. */
export interface TickTiming extends Readonly<Record<TickStep, number>> {
  /** Since the tick began; what the process was kept busy with between two steps is in it too. */
  readonly total: number
  /** Since the start of the tick before; undefined in the first. */
  readonly period: number | undefined
}

/** Why there was a tick: the interval had passed, or a guest under memory pressure, or a host short of memory, could not wait. */
export type TickCause = 'interval' | 'emergency'

/** The record of one run of the pipeline. Everything that a person sees is made from Ticks. */
export interface Tick {
  /** 0, 1, 2, … */
  readonly index: number
  /** In an emergency only the memory was sampled anew, and only the ballooning policy was asked. */
  readonly cause: TickCause
  /** Wall clock at its start, milliseconds since the epoch. */
  readonly wallTime: number
  readonly view: View
  /**
   * Milliseconds for which libvirt has not said which domains run, though it was asked: those known before are in the View,
   * with what their counters say now. Undefined: their list is up to date.
   */
  readonly listAge?: number | undefined
  /** How much of what it wanted each guest got, by row of `view.domains`; docs/scores.md. */
  readonly scores: Scores
  /** What the policies wanted, after what is rolled back. */
  readonly plan: Plan
  /** What of it undoes what was done before, as no policy said. */
  readonly rollbacks?: readonly Rollback[] | undefined
  /** Why the scheduler chose it, where it says. */
  readonly explanation?: Explanation | undefined
  readonly clamps: readonly Clamp[]
  readonly skipped: readonly Skipped[]
  /** What was done: one for each action that the guard let through. */
  readonly outcomes: readonly Outcome[]
  /** What came of earlier changes, as far as it has become known since the last tick. Undefined: nothing has. */
  readonly results?: readonly ChangeResult[] | undefined
  /** How far the predictions for these were off, where they have been followed for three samples. */
  readonly predictionError?: PredictionError | undefined
  /** Same-page merging; undefined where no policy decides on it. */
  readonly ksm?: KsmResult | undefined
  /** What failed apart from actions: a sample that could not be had, a policy that threw, a plan that came too late. */
  readonly errors: readonly BallastError[]
  readonly timing: TickTiming
  /** The tick in one line, for people. */
  readonly summary: string
}
