import { A1, A3 } from './balance.ts'
import type { CaseOptions, CaseResult } from './case.ts'
import { M1 } from './memory.ts'

/** The cases by name. */
export const cases: Readonly<Record<string, (options: CaseOptions) => Promise<CaseResult>>> = { A1, A3, M1 }
