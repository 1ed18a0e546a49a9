import type { Entry } from '../../recording/entries.ts'
import type { ShownTick } from '../../report/shown-tick.ts'

/** One who tells Ticks as they are made. */
export interface Teller {
  /** The decisions of before the first Tick, where they are known. */
  readonly past: AsyncIterable<Entry> | undefined
  /** Ends when there is nothing more to be heard. */
  readonly ticks: AsyncIterable<ShownTick>
}

/** Where the Ticks come from that are shown. */
export interface LiveSource extends Teller {
  /** What is looked at, and who tells of it. */
  readonly title: string
  /** Whose decisions are shown too: where one controller has the vCPUs, another one may have the memory. */
  readonly others: readonly Teller[]
}
