import type { CaseResult } from '../../cases/case.ts'
import { withControl } from '../../cases/disturbance.ts'
import { FleetStage, type StageOptions } from '../fleet-stage.ts'
import { DRAIN } from './drain.ts'
import { FLEET } from './fleet.ts'
import type { FleetCase } from './fleet-case.ts'
import { FLEET_MEMORY } from './fleet-memory.ts'

/** The cases on several hosts, by name. */
export const fleetCases: Readonly<Record<string, FleetCase>> = {
  FLEET,
  DRAIN,
  'FLEET-MEMORY': FLEET_MEMORY,
}

/** Runs one once, in a lab of its own. */
export async function runFleetCase(fleetCase: FleetCase, options: StageOptions): Promise<CaseResult> {
  await using stage = await FleetStage.set(fleetCase.hosts, options)
  const began = Date.now()
  const result = await fleetCase.run(stage)
  return withControl(result, await stage.control.between(began, Date.now()))
}
