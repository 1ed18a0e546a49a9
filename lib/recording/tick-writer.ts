import type { Tick } from '../control/tick.ts'
import { tickDecisions } from '../report/tick-decisions.ts'
import type { RecordedScores, RecordedTick } from './entries.ts'

/** Writes Ticks, without what lasts from one to the next. */
export class TickWriter {
  #before: Readonly<Record<string, string>> = {}

  /** Has the next Tick written whole. */
  reset(): void {
    this.#before = {}
  }

  write(tick: Tick): RecordedTick {
    const { clamps, skipped, ...decisions } = tickDecisions(tick)
    const scores = this.#changed(scoreColumns(tick), 'scores.')
    return {
      ...decisions,
      ...this.#changed({ clamps, skipped }),
      ...(Object.keys(scores).length > 0 && { scores }),
    }
  }

  /** The fields that are not as in the Tick before. */
  #changed<T extends object>(fields: T, prefix = ''): Partial<T> {
    const changed: Partial<T> = {}
    for (const [name, value] of Object.entries(fields) as [keyof T & string, T[keyof T & string]][]) {
      const text = JSON.stringify(value)
      if (this.#before[prefix + name] === text) continue
      this.#before = { ...this.#before, [prefix + name]: text }
      changed[name] = value
    }
    return changed
  }
}

function scoreColumns({ view, scores }: Tick): Required<RecordedScores> {
  const column = (points: Float64Array) => Array.from(points, (score) => (Number.isNaN(score) ? null : score))
  return {
    of: view.domains.map(({ uuid }) => uuid),
    cpu: column(scores.cpu),
    memory: column(scores.memory),
  }
}
