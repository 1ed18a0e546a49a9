import { CpuSet } from '../host/cpuset.ts'
import { type Reason, sentenceOf } from '../policy/reason.ts'

/** The figures of a reason as plain data: sets of pCPUs as lists such as `0-3,8`. */
export interface ReasonFigures {
  readonly [figure: string]: string | number | boolean
}

/** A reason as plain data: its kind, its figures in the units of docs/reasons.md, and the sentence they make. */
export interface ReasonRecord extends ReasonFigures {
  readonly kind: Reason['kind']
  readonly text: string
}

export function reasonRecord(reason: Reason): ReasonRecord {
  return { kind: reason.kind, ...reasonFigures(reason), text: sentenceOf(reason) }
}

/** The figures of a reason that are known and, where they are numbers, finite. */
export function reasonFigures({ kind: _, ...figures }: Reason): ReasonFigures {
  const plain: Record<string, string | number | boolean> = {}
  for (const [name, value] of Object.entries<unknown>(figures)) {
    if (value instanceof CpuSet) plain[name] = value.toString()
    else if (typeof value === 'string' || typeof value === 'boolean') plain[name] = value
    else if (typeof value === 'number' && Number.isFinite(value)) plain[name] = value
  }
  return plain
}
