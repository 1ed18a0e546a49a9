import { classic } from './balance.ts'
import type { CaseOptions, CaseResult } from './case.ts'
import { DEMAND } from './demand.ts'
import { M1, M2, M3, M4 } from './memory.ts'
import { REFUSE } from './refuse.ts'
import { SQUEEZE } from './squeeze.ts'
import { TRAP } from './trap.ts'

/** The cases by name. */
export const cases: Readonly<Record<string, (options: CaseOptions) => Promise<CaseResult>>> = {
  ...classic,
  TRAP,
  DEMAND,
  M1,
  M2,
  M3,
  M4,
  SQUEEZE,
  REFUSE,
}
