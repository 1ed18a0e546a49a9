import type { CaseResult } from '../../cases/case.ts'
import type { FleetStage } from '../fleet-stage.ts'

/** One case on a fleet of the lab's. */
export interface FleetCase {
  /** Names of its hosts. */
  readonly hosts: readonly string[]
  readonly run: (stage: FleetStage) => Promise<CaseResult>
}
