import { type BallooningReason, ballooningReasons } from './reasons/ballooning.ts'
import { type ChoiceReason, choiceReasons } from './reasons/choice.ts'
import { define, type FigureUnits, type ReasonsIn } from './reasons/figures.ts'
import { type GuardReason, guardReasons } from './reasons/guard.ts'
import { type KsmReason, type KsmSkipReason, ksmReasons, ksmSkipReasons } from './reasons/ksm.ts'
import { type RollbackReason, rollbackReasons } from './reasons/rollback.ts'
import { type SchedulingReason, schedulingReasons } from './reasons/scheduling.ts'
import { type SkipReason, skipReasons } from './reasons/skip.ts'
import { type UnusableCpuReason, unusableReasons } from './reasons/unusable.ts'

const customReasons = {
  /** The words of a policy that is not part of Ballast. */
  custom: define({ text: 'text' }, ({ text }) => text),
} as const

/** Every kind of reason there is, with the units of its figures and its sentence. */
export const reasonTables = {
  custom: customReasons,
  scheduling: schedulingReasons,
  choice: choiceReasons,
  ballooning: ballooningReasons,
  ksm: ksmReasons,
  ksmSkipped: ksmSkipReasons,
  rollback: rollbackReasons,
  skipped: skipReasons,
  unusable: unusableReasons,
  guard: guardReasons,
} as const

/** Why a policy, or the loop itself, wants an action: a kind, and its figures as data. */
export type ActionReason =
  | ReasonsIn<typeof customReasons>
  | SchedulingReason
  | BallooningReason
  | KsmReason
  | RollbackReason

/** Why something was done, changed, denied or skipped. {@link sentenceOf} has the words. */
export type Reason =
  | ActionReason
  | ChoiceReason
  | KsmSkipReason
  | SkipReason
  | UnusableCpuReason
  | GuardReason

interface Definition {
  readonly figures: FigureUnits
  sentence(reason: object): string
}

const definitions: ReadonlyMap<unknown, Definition> = new Map(
  Object.values(reasonTables).flatMap((table) => Object.entries(table) as unknown as [string, Definition][]),
)

/**
 * A reason in words, with its figures. The only place that makes sentences of them: no program has to parse one. Made when
 * it is asked for, since most reasons are never read.
 */
export function sentenceOf(reason: Reason): string {
  return definitions.get(reason.kind)!.sentence(reason)
}

/** Whether something has the shape of a reason, as far as its kind. */
export function isReason(value: unknown): value is Reason {
  return typeof value === 'object' && value !== null && definitions.has(Reflect.get(value, 'kind'))
}

/** A reason from what a policy gave: text is one of the kind `custom`. */
export function asReason(given: ActionReason | string): ActionReason {
  return typeof given === 'string' ? { kind: 'custom', text: given } : given
}
