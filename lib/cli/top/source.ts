import type { Entry } from '../../recording/entries.ts'
import type { TickRecord } from '../../report/tick-json.ts'

/** Where Ticks come from as they are made. */
export interface LiveSource {
  /** What is looked at, and who tells of it. */
  readonly title: string
  /** The decisions of before the first Tick, where they are known. */
  readonly past: AsyncIterable<Entry> | undefined
  /** Ends when there is nothing more to be heard. */
  readonly ticks: AsyncIterable<TickRecord>
}
