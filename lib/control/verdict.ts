import type { Action } from '../policy/plan.ts'
import type { SkipReason } from '../policy/reasons/skip.ts'
import type { Clamp, GuardRule } from './tick.ts'

/** Limits that no policy can cross. */
export interface GuardLimits {
  /** Bytes that no guest is shrunk below. */
  readonly guestFloor: number
  /** Bytes that every guest keeps above what it uses. */
  readonly guestMargin: number
  /** Bytes of hypervisor memory that are counted for a domain at least. */
  readonly domainOverhead: number
}

/** What a rule says of an action. */
export interface Verdict<A extends Action = Action> {
  readonly rule: GuardRule
  /** Without it the action is denied. */
  readonly instead?: A
  readonly cause: Clamp['cause']
}

/** Why something is skipped, and the rule that says so. */
export interface Skip {
  readonly rule: GuardRule
  readonly reason: SkipReason
}
