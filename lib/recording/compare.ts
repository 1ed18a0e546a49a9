import { tickDecisions } from '../report/tick-decisions.ts'
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
