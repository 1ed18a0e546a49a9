import type { TickDecisions } from '../report/tick-decisions.ts'
import type { ScoreRecord } from '../report/tick-json.ts'
import type { RecordedScores, RecordedTick } from './entries.ts'

/** A recorded Tick with all that it says, also where that is as in the one before. */
export interface WholeTick extends TickDecisions {
  /** The scores of the guests by UUID; none in recordings of a Ballast that had none. */
  readonly scores: ReadonlyMap<string, ScoreRecord>
}

/** Reads what a TickWriter wrote, in its order. */
export class TickReader {
  #lasting: Pick<TickDecisions, 'clamps' | 'skipped'> = { clamps: [], skipped: [] }
  #columns: Required<RecordedScores> = { of: [], cpu: [], memory: [] }

  read({ scores, ...recorded }: RecordedTick): WholeTick {
    const { clamps, skipped } = { ...this.#lasting, ...recorded }
    this.#lasting = { clamps, skipped }
    this.#columns = { ...this.#columns, ...scores }
    return { ...recorded, clamps, skipped, scores: scoresIn(this.#columns) }
  }
}

function scoresIn({ of, cpu, memory }: Required<RecordedScores>): ReadonlyMap<string, ScoreRecord> {
  return new Map(of.map((uuid, row) => [uuid, scoreOf(cpu[row] ?? undefined, memory[row] ?? undefined)]))
}

function scoreOf(cpu: number | undefined, memory: number | undefined): ScoreRecord {
  const both = cpu !== undefined && memory !== undefined
  return {
    ...(cpu !== undefined && { cpu }),
    ...(memory !== undefined && { memory }),
    ...(both && { together: Math.min(cpu, memory) }),
  }
}
