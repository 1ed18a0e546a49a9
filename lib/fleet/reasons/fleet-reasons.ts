import type { FigureUnits } from '../../policy/reasons/figures.ts'
import { type ConflictReason, conflictReasons } from './conflict.ts'
import { type FleetGuardReason, fleetGuardReasons } from './guard.ts'
import { type LoopReason, loopReasons } from './loop.ts'
import { type PlanReason, planReasons } from './plan.ts'
import { type StayReason, stayReasons } from './stay.ts'
import { type StepReason, stepReasons } from './step.ts'

/** Every kind of reason of the fleet, with the units of its figures and its sentence. */
export const fleetReasonTables = {
  step: stepReasons,
  plan: planReasons,
  guard: fleetGuardReasons,
  stay: stayReasons,
  conflict: conflictReasons,
  loop: loopReasons,
} as const

/**
 * Why a fleet policy wants a step, or none; the guard denies one; or a guest stays. Kinds and figures, never sentences:
 * {@link fleetSentenceOf} has the words.
 */
export type FleetReason =
  | StepReason
  | PlanReason
  | FleetGuardReason
  | StayReason
  | ConflictReason
  | LoopReason

interface Definition {
  readonly figures: FigureUnits
  sentence(reason: object): string
}

const definitions: ReadonlyMap<unknown, Definition> = new Map(
  Object.values(fleetReasonTables).flatMap(
    (table) => Object.entries(table) as unknown as [string, Definition][],
  ),
)

/** A reason in words, with its figures: the only place that makes sentences of them. */
export function fleetSentenceOf(reason: FleetReason): string {
  return definitions.get(reason.kind)!.sentence(reason)
}
