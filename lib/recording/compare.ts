import { type ErrorRecord, tickDecisions } from '../report/tick-decisions.ts'
import type { Replayed } from './replay.ts'
import { TickReader } from './tick-reader.ts'

/** What is compared: all that was decided and done, but for how long things took, and what was seen and expected around it. */
const compared = [
  'cause',
  'plan',
  'rollbacks',
  'explanation',
  'clamps',
  'skipped',
  'outcomes',
  'ksm',
  'errors',
] as const
/** Older recordings do not have all of these. */
const besides: ReadonlySet<string> = new Set(['duration', 'before', 'predicted'])
type Compared = (typeof compared)[number]

/** One thing in which a replayed tick is another than the recorded one. */
export interface Difference {
  readonly what: Compared | 'tick'
  /** Undefined: there is none. */
  readonly recorded: unknown
  readonly replayed: unknown
}

/** Errors of what decides; any other is of the journal or the host, and what it led to is among the other differences. */
const ofDeciding: ReadonlySet<string> = new Set(['ERR_POLICY', 'ERR_LATE'])

/** Whether something else was decided, and not only another thing went wrong. */
export function isDecision({ what, recorded, replayed }: Difference): boolean {
  if (what !== 'errors') return true
  const deciding = (errors: unknown) =>
    (errors as readonly ErrorRecord[]).filter(({ code }) => ofDeciding.has(code))
  return textOf(deciding(recorded)) !== textOf(deciding(replayed))
}

/** Compares the Ticks of a replay with those recorded, in their order. */
export class TickComparison {
  readonly #reader = new TickReader()

  differences({ tick, recorded }: Replayed): Difference[] {
    const replayed = tickDecisions(tick)
    if (!recorded) return [{ what: 'tick', recorded: undefined, replayed }]
    const whole = this.#reader.read(recorded)
    return compared.flatMap((what) => {
      const differs = textOf(whole[what]) !== textOf(replayed[what])
      return differs ? [{ what, recorded: whole[what], replayed: replayed[what] }] : []
    })
  }
}

function textOf(value: unknown): string | undefined {
  return JSON.stringify(value, (key, field: unknown) => (besides.has(key) ? undefined : field))
}
